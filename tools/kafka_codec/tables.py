"""Emits what is about all APIs: keys and versions, error codes, and the registry for tests and fuzzers."""

from __future__ import annotations

from cpp import BANNER, snake
from model import Api, ErrorDefinition, Message

_OPEN = "\nnamespace distributary::kafka {\n\n"
_CLOSE = "\n}  // namespace distributary::kafka\n"


def emit_api_keys(apis: list[Api]) -> str:
    text = BANNER.format(source="*.txt") + "#pragma once\n\n#include <cstdint>\n" + _OPEN
    text += "enum class ApiKey : int16_t {\n"
    text += "".join(f"  {snake(a.name)} = {a.key},\n" for a in apis)
    return text + "};\n\ninline constexpr int16_t kNeverFlexible = INT16_MAX;\n" + _CLOSE


def emit_api_table(apis: list[Api]) -> str:
    text = BANNER.format(source="*.txt") + '#include "wire/kafka/api_table.h"\n' + _OPEN
    text += "namespace {\nconstexpr ApiInfo kTable[] = {\n"
    text += "    // key, name, advertised from, to, decodable from, flexible from\n"
    for api in apis:
        flexible = "kNeverFlexible" if api.flexible_from is None else api.flexible_from
        text += f'    {{ApiKey::{snake(api.name)}, "{api.name}", {api.advertised.low}, {api.advertised.high}, ' \
                f"{api.versions.low}, {flexible}}},\n"
    text += "};\n}  // namespace\n\nstd::span<const ApiInfo> api_table() { return kTable; }\n"
    return text + _CLOSE


def emit_error_header(errors: list[ErrorDefinition]) -> str:
    text = BANNER.format(source="errors.txt")
    text += "// Codes of the Kafka protocol; distributary::ErrorCode (base/error.h) is our own.\n"
    text += "#pragma once\n\n#include <cstdint>\n#include <string_view>\n" + _OPEN
    text += "enum class ErrorCode : int16_t {\n"
    text += "".join(f"  {e.name} = {e.code},\n" for e in errors)
    text += "};\n\n// The name as Kafka writes it (`UNKNOWN_TOPIC_OR_PARTITION`); `UNKNOWN_CODE` for other values.\n"
    text += "std::string_view to_string(ErrorCode code);\n"
    text += "// Whether clients try again by themselves.\nbool is_retriable(ErrorCode code);\n"
    return text + _CLOSE


def emit_error_source(errors: list[ErrorDefinition]) -> str:
    text = BANNER.format(source="errors.txt") + '#include "wire/kafka/error_code.h"\n' + _OPEN
    text += "std::string_view to_string(ErrorCode code) {\n  switch (code) {\n"
    text += "".join(f'    case ErrorCode::{e.name}: return "{e.name.upper()}";\n' for e in errors)
    text += '  }\n  return "UNKNOWN_CODE";\n}\n\nbool is_retriable(ErrorCode code) {\n  switch (code) {\n'
    text += "".join(f"    case ErrorCode::{e.name}:\n" for e in errors if e.retriable)
    return text + "      return true;\n    default: return false;\n  }\n}\n" + _CLOSE


def emit_registry(stems: list[str], messages: list[Message]) -> str:
    text = BANNER.format(source="*.txt") + '#include "wire/kafka/message_registry.h"\n\n'
    text += '#include "wire/kafka/message.h"\n'
    text += "".join(f'#include "wire/kafka/{stem}.h"\n' for stem in stems) + _OPEN
    text += "namespace {\n"
    text += "template <class M>\nResult<std::vector<Piece>> recode(ByteView body, int16_t version) {\n" \
            "  TRY(const M message, M::decode(body, version));\n" \
            "  Writer out;\n  TRY_STATUS(message.encode(out, version));\n  return out.take();\n}\n\n"
    text += "const MessageType kMessages[] = {\n"
    for m in messages:
        text += f"    {{{m.name}::kName, {m.name}::kMinVersion, {m.name}::kMaxVersion, recode<{m.name}>}},\n"
    text += "};\n}  // namespace\n\nstd::span<const MessageType> message_registry() { return kMessages; }\n"
    return text + _CLOSE
