"""Reads the notation of schema/kafka (see its README.md) into the model."""

from __future__ import annotations

import re

from model import LENGTHS, NEWEST, RESERVED_NAMES, SCALARS
from model import Api, ErrorDefinition, Field, Message, Struct, Versions


class SchemaError(Exception):
    """A mistake in a schema file; says file and line."""


_API = re.compile(r"api (\d+) (\w+) versions (\S+) flexible (none|\d+\+)(?: advertised (\S+))?$")
_EMBEDDED = re.compile(r"embedded (\w+) versions (\S+)$")
_FIELD = re.compile(
    r"(?P<name>[a-z][a-z0-9_]*) +(?P<list>list<)?(?P<base>\w+)(?(list)>)(?P<null>\?(?P<from>\d+\+)?)?"
    r"(?: +(?P<versions>\d+(?:\+|-\d+)?))?(?: +tag (?P<tag>\d+))?(?: += (?P<default>\S+))?$")
_ERROR = re.compile(r"(-?\d+) +([a-z][a-z0-9_]*)( +retriable)?$")


def parse_versions(text: str) -> Versions:
    if text.endswith("+"):
        return Versions(int(text[:-1]), NEWEST)
    low, _, high = text.partition("-")
    return Versions(int(low), int(high or low))


def _lines(text: str):
    """(line number, depth, content) of every line that says something."""
    for number, line in enumerate(text.splitlines(), 1):
        content = line.split("#", 1)[0].rstrip()
        if content:
            indent = len(content) - len(content.lstrip())
            if indent % 2:
                raise SchemaError(f"line {number}: indent by two spaces")
            yield number, indent // 2, content.lstrip()


class _MessageParser:
    """Collects the fields of one message; `stack` holds the field lists of the open structs."""

    def __init__(self, message: Message):
        self.message = message
        self.stack: list[tuple[list[Field], Struct | None]] = [(message.fields, None)]
        self.pending: Field | None = None  # the last field, if it may open a struct

    def add(self, number: int, depth: int, content: str) -> None:
        while len(self.stack) > depth:
            self._close(number)
        if depth == len(self.stack) + 1:
            self._open(number)
        elif depth > len(self.stack):
            raise SchemaError(f"line {number}: indented too far")
        else:
            self._require_known(number)
        field = self._field(number, content)
        siblings = self.stack[-1][0]
        if any(other.name == field.name for other in siblings):
            raise SchemaError(f"line {number}: field {field.name} appears twice")
        if field.tag is not None and any(other.tag == field.tag for other in siblings):
            raise SchemaError(f"line {number}: tag {field.tag} is used twice")
        siblings.append(field)
        self.pending = field if field.is_struct else None

    def finish(self, number: int) -> None:
        self._require_known(number)
        while len(self.stack) > 1:
            self._close(number)

    def _field(self, number: int, content: str) -> Field:
        match = _FIELD.match(content)
        if not match:
            raise SchemaError(f"line {number}: not a field: {content}")
        if match["base"][0].islower() and match["base"] not in SCALARS | LENGTHS:
            raise SchemaError(f"line {number}: unknown type {match['base']}")
        versions = self.message.versions
        if match["versions"]:
            versions = parse_versions(match["versions"])
            if not versions.clipped(self.message.versions).low <= versions.clipped(self.message.versions).high:
                raise SchemaError(f"line {number}: {content.split()[0]} exists in no version")
            versions = versions.clipped(self.message.versions)
        tag = int(match["tag"]) if match["tag"] else None
        if tag is not None and (self.message.flexible_from is None or versions.low < self.message.flexible_from):
            raise SchemaError(f"line {number}: a tagged field needs a flexible version")
        nullable_from = None
        if match["null"]:
            nullable_from = int(match["from"][:-1]) if match["from"] else versions.low
            if match["base"] in SCALARS and not match["list"]:
                raise SchemaError(f"line {number}: {match['base']} cannot be null")
        if match["default"] == "null" and nullable_from is None:
            raise SchemaError(f"line {number}: null as default of a field that cannot be null")
        return Field(match["name"], match["base"], bool(match["list"]), nullable_from, versions, tag,
                     match["default"])

    def _open(self, number: int) -> None:
        if self.pending is None:
            raise SchemaError(f"line {number}: only a struct has fields of its own")
        name = self.pending.base
        if name in RESERVED_NAMES:
            raise SchemaError(f"line {number}: choose another name than {name}")
        if any(s.name == name for s in self.message.structs) or any(s and s.name == name for _, s in self.stack):
            raise SchemaError(f"line {number}: {name} is already defined in {self.message.name}")
        struct = Struct(name, [])
        self.stack.append((struct.fields, struct))
        self.pending = None

    def _close(self, number: int) -> None:
        self._require_known(number)
        self.message.structs.append(self.stack.pop()[1])
        self.pending = None

    def _require_known(self, number: int) -> None:
        """A struct field without a body must name a struct defined before."""
        if self.pending is not None and not any(s.name == self.pending.base for s in self.message.structs):
            raise SchemaError(f"line {number}: {self.pending.base} has no fields")
        self.pending = None


def _parse_api(match: re.Match) -> Api:
    versions = parse_versions(match[3])
    flexible = None if match[4] == "none" else int(match[4][:-1])
    name = match[2]
    return Api(
        int(match[1]), name, versions, parse_versions(match[5]) if match[5] else versions, flexible,
        Message(name + "Request", "request", versions, flexible),
        Message(name + "Response", "response", versions, flexible))


def parse_messages(text: str) -> tuple[list[Api], list[Message]]:
    """The APIs and embedded messages of one file."""
    apis: list[Api] = []
    embedded: list[Message] = []
    current: _MessageParser | None = None
    number = 0
    for number, depth, content in _lines(text):
        if depth > 0:
            if current is None:
                raise SchemaError(f"line {number}: a field outside a message")
            current.add(number, depth, content)
            continue
        if current is not None:
            current.finish(number)
            current = None
        if match := _API.match(content):
            apis.append(_parse_api(match))
        elif match := _EMBEDDED.match(content):
            embedded.append(Message(match[1], "embedded", parse_versions(match[2]), None))
            current = _MessageParser(embedded[-1])
        elif content in ("request", "response") and apis:
            current = _MessageParser(getattr(apis[-1], content))
        else:
            raise SchemaError(f"line {number}: expected api, embedded, request or response: {content}")
    if current is not None:
        current.finish(number)
    return apis, embedded


def parse_errors(text: str) -> list[ErrorDefinition]:
    errors = []
    for number, _, content in _lines(text):
        match = _ERROR.match(content)
        if not match:
            raise SchemaError(f"line {number}: expected code, name and perhaps `retriable`: {content}")
        errors.append(ErrorDefinition(int(match[1]), match[2], bool(match[3])))
    return errors
