"""Just enough of C++ to find functions: literals and comments blanked out, then braces matched."""

from __future__ import annotations

import dataclasses
import re

RAW_STRING = re.compile(r'R"([^()\\ ]{0,16})\(')
SCOPE = re.compile(r"^(?:inline\s+)?(?:namespace|class|struct|union|enum)\b")
LABEL = re.compile(r"^(?:(?:public|private|protected)\s*:\s*)+")
ATTRIBUTE = re.compile(r"^\[\[[^\]]*\]\]\s*")


def blank(text: str) -> str:
    """The same text, with comments and literals as blanks and newlines where they were."""
    out: list[str] = []
    at = 0
    while at < len(text):
        end = _end_of_token(text, at)
        if end == at:
            out.append(text[at])
            at += 1
        else:
            out.append(re.sub(r"[^\n]", " ", text[at:end]))
            at = end
    return "".join(out)


def _end_of_token(text: str, at: int) -> int:
    """Where the comment or literal that begins here ends; `at` if none begins."""
    if text.startswith("//", at):
        return _find(text, "\n", at)
    if text.startswith("/*", at):
        return _find(text, "*/", at + 2) + 2
    raw = RAW_STRING.match(text, at)
    if raw:
        closing = f"){raw[1]}\""
        return _find(text, closing, raw.end()) + len(closing)
    if text[at] == '"' or (text[at] == "'" and not _separates_digits(text, at)):
        return _end_of_quotes(text, at)
    return at


def _find(text: str, what: str, at: int) -> int:
    found = text.find(what, at)
    return len(text) if found < 0 else found


def _separates_digits(text: str, at: int) -> bool:
    before, after = text[at - 1:at], text[at + 1:at + 2]
    return before.isalnum() and after.isalnum() and text[at + 2:at + 3] != "'"


def _end_of_quotes(text: str, at: int) -> int:
    quote = text[at]
    at += 1
    while at < len(text) and text[at] != quote and text[at] != "\n":
        at += 2 if text[at] == "\\" else 1
    return at + 1


def without_directives(blanked: str) -> str:
    """Preprocessor lines as blanks, with their continuations: macros have braces of their own."""
    out = []
    continued = False
    for line in blanked.split("\n"):
        directive = continued or line.lstrip().startswith("#")
        continued = directive and line.endswith("\\")
        out.append("" if directive else line)
    return "\n".join(out)


@dataclasses.dataclass(frozen=True)
class Function:
    head: str  # what stands before the brace, shortened
    line: int  # of the opening brace
    length: int  # lines from the opening to the closing brace


def matching_brace(text: str, at: int) -> int:
    """Where the brace that opens at `at` closes; the end of the text if it does not."""
    depth = 0
    for found in re.finditer(r"[{}]", text[at:]):
        depth += 1 if found[0] == "{" else -1
        if depth == 0:
            return at + found.start()
    return len(text)


def functions(text: str) -> list[Function]:
    """Outermost functions: what is inside one (lambdas, local classes) counts as part of it."""
    text = without_directives(blank(text))
    found: list[Function] = []
    begin = at = 0
    while at < len(text):
        if text[at] in ";}":
            begin = at + 1
        elif text[at] == "{":
            head = _head(text[begin:at])
            if _opens_scope(head):
                begin = at + 1
            else:
                end = matching_brace(text, at)
                if not _is_initializer(text, begin, at):
                    line = text.count("\n", 0, at) + 1
                    found.append(Function(head[-80:], line, text.count("\n", at, end) + 1))
                    begin = end + 1
                at = end
        at += 1
    return found


def _head(text: str) -> str:
    head = " ".join(text.split())
    head = LABEL.sub("", head)
    while head.startswith("template <"):
        head = _after_template(head)
    return ATTRIBUTE.sub("", head)


def _after_template(head: str) -> str:
    depth = 0
    for at, char in enumerate(head):
        depth += (char == "<") - (char == ">")
        if char == ">" and depth == 0:
            return head[at + 1:].lstrip()
    return ""


def _opens_scope(head: str) -> bool:
    return bool(SCOPE.match(head)) or head == "extern"


def _is_initializer(text: str, begin: int, at: int) -> bool:
    """By the layout that the formatter enforces: a body has a blank before its brace, a braced value has none."""
    before = text[begin:at]
    return not before.strip() or not before[-1].isspace() or before.rstrip().endswith(("=", ",", "(", "return"))
