"""Emits the structs: one header for the messages of one API, or for the embedded messages."""

from __future__ import annotations

from cpp import BANNER, comparable, declaration, guard, has_records, snake
from model import Field, Message

_INCLUDES = """\
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/piece.h"
#include "base/error.h"
#include "base/uuid.h"
#include "wire/kafka/api_keys.h"
#include "wire/kafka/error_code.h"
#include "wire/kafka/limits.h"
"""


def _member(field: Field, message: Message) -> str:
    notes = []
    condition = guard(field.versions, message)
    if condition:
        notes.append(condition.replace("version ", "v").replace(">= ", ">=").replace("<= ", "<=").replace(" &&", ""))
    if field.tag is not None:
        notes.append("tagged")
    note = f"  // {', '.join(notes)}" if notes else ""
    return declaration(field, message) + note


def _body(fields: list[Field], message: Message, indent: str, name: str) -> str:
    text = "".join(f"{indent}{_member(f, message)}\n" for f in fields)
    text += f"\n{indent}void read(Reader& in, int16_t version);\n"
    text += f"{indent}void write(Writer& out, int16_t version) const;\n"
    if comparable(message, fields):
        text += f"{indent}bool operator==(const {name}&) const = default;\n"
    return text


def _limits(message: Message) -> str:
    return "kResponseLimits" if message.kind == "response" else "kRequestLimits"


def _structs(message: Message) -> str:
    """The structs of a message, in a namespace of its own: inside the message they would not be complete in time for
    std::optional, which clang minds."""
    if not message.structs:
        return ""
    text = f"namespace {snake(message.name)} {{\n"
    for struct in message.structs:
        text += f"struct {struct.name} {{\n{_body(struct.fields, message, '  ', struct.name)}}};\n"
    return text + f"}}  // namespace {snake(message.name)}\n\n"


def emit_message(message: Message, api_name: str | None) -> str:
    text = _structs(message) + f"struct {message.name} {{\n"
    text += f'  static constexpr std::string_view kName = "{message.name}";\n'
    if api_name:
        text += f"  static constexpr ApiKey kKey = ApiKey::{api_name};\n"
    text += f"  static constexpr int16_t kMinVersion = {message.versions.low};\n"
    text += f"  static constexpr int16_t kMaxVersion = {message.versions.high};\n"
    flexible = "kNeverFlexible" if message.flexible_from is None else message.flexible_from
    text += f"  static constexpr int16_t kFlexibleFrom = {flexible};\n\n"
    for struct in message.structs:
        text += f"  using {struct.name} = {snake(message.name)}::{struct.name};\n"
    text += "\n" if message.structs else ""
    text += f"  static Result<{message.name}> decode(ByteView body, int16_t version, const Limits& limits = " \
            f"{_limits(message)});\n"
    if message.kind == "response" and has_records(message):
        text += "  // The records share the memory of `body`; the other form copies them.\n"
        text += f"  static Result<{message.name}> decode(const Bytes& body, int16_t version, const Limits& limits = " \
                f"{_limits(message)});\n"
    text += "  Status encode(Writer& out, int16_t version) const;\n\n"
    return text + _body(message.fields, message, "  ", message.name) + "};\n"


def emit_header(source: str, messages: list[Message], api_name: str | None) -> str:
    text = BANNER.format(source=source)
    text += "// How codecs are used, and who owns what: wire/kafka/message.h.\n#pragma once\n\n"
    text += _INCLUDES + "\nnamespace distributary::kafka {\n\nclass Reader;\nclass Writer;\n\n"
    return text + "\n".join(emit_message(m, api_name) for m in messages) + "\n}  // namespace distributary::kafka\n"
