"""Emits the bodies of read and write: the version rules, as straight-line code on the runtime in src/wire/kafka."""

from __future__ import annotations

from cpp import BANNER, default_value, guard, has_records, null_guard, snake
from model import Field, Message

_METHODS = {"bool": "boolean", "error": "error_code"}


def _method(field: Field) -> str:
    return _METHODS.get(field.base, field.base)


def _read_value(field: Field, message: Message) -> str:
    """One statement that reads the field (its guard apart)."""
    allowed = (null_guard(field, message) or "") if field.nullable else ""
    if field.is_list:
        items = field.name + ("->" if field.nullable else ".")
        item = f"{items}emplace_back().read(in, version)" if field.is_struct \
            else f"{items}push_back(in.{_method(field)}())"
        arguments = ", ".join(filter(None, [field.name, allowed]))
        return f"for (size_t n = in.begin_list({arguments}); n > 0 && in.ok(); --n) {item};"
    if field.is_struct:
        if field.nullable:
            return f"if (in.present()) {field.name}.emplace().read(in, version); else {field.name}.reset();"
        return f"{field.name}.read(in, version);"
    if field.base == "records" and message.kind == "response":
        return f"in.record_pieces({', '.join(filter(None, [field.name, allowed]))});"
    method = "bytes_view" if field.base == "records" else _method(field)
    if field.nullable:
        return f"{field.name} = in.optional_{method}({allowed});"
    return f"{field.name} = in.{method}();"


def _write_value(field: Field, message: Message, out: str) -> list[str]:
    allowed = null_guard(field, message) if field.nullable else None
    if field.is_list:
        if field.nullable:
            lines = [f"{out}.begin_list({', '.join(filter(None, [field.name, allowed]))});"]
            head = f"if ({field.name}) for (const auto& item : *{field.name})"
        else:
            lines = [f"{out}.begin_list({field.name});"]
            head = f"for (const auto& item : {field.name})"
        item = f"item.write({out}, version);" if field.is_struct else f"{out}.{_method(field)}(item);"
        return lines + [f"{head} {item}"]
    if field.is_struct:
        if field.nullable:
            return [f"{out}.present({field.name}.has_value());",
                    f"if ({field.name}) {field.name}->write({out}, version);"]
        return [f"{field.name}.write({out}, version);"]
    if field.nullable:
        arguments = ", ".join(filter(None, [field.name, allowed]))
        return [f"{out}.optional_{_method(field)}({arguments});"]
    return [f"{out}.{_method(field)}({field.name});"]


def _is_set(field: Field) -> str:
    """Whether a tagged field differs from its default and so must be written."""
    if field.nullable:
        return f"{field.name}.has_value()" if field.null_by_default else f"!({field.name} && {field.name}->empty())"
    if field.is_list or field.base in ("text", "view", "bytes"):
        return f"!{field.name}.empty()"
    if field.base == "uuid":
        return f"!{field.name}.is_nil()"
    if field.is_struct:
        return f"!({field.name} == {field.base}{{}})"
    return f"{field.name} != {default_value(field)}"


def _statement(condition: str | None, lines: list[str]) -> str:
    if not condition:
        return "".join(f"  {line}\n" for line in lines)
    return f"  if ({condition}) {{\n" + "".join(f"    {line}\n" for line in lines) + "  }\n"


def _read(name: str, fields: list[Field], message: Message) -> str:
    text = f"void {name}::read(Reader& in, [[maybe_unused]] int16_t version) {{\n"
    for field in fields:
        if field.tag is None:
            text += _statement(guard(field.versions, message), [_read_value(field, message)])
    tagged = sorted((f for f in fields if f.tag is not None), key=lambda f: f.tag)
    if not tagged:
        return text + "  in.skip_tags();\n}\n"
    text += "  for (TagReader tags(in); tags.next();) {\n"
    for field in tagged:
        condition = guard(field.versions, message)
        # The version comes first: is() marks the tag as understood.
        match = (f"{condition} && " if condition else "") + f"tags.is({field.tag})"
        text += f"    if ({match}) {{\n      {_read_value(field, message)}\n    }}\n"
    return text + "  }\n}\n"


def _write(name: str, fields: list[Field], message: Message) -> str:
    text = f"void {name}::write(Writer& out, [[maybe_unused]] int16_t version) const {{\n"
    for field in fields:
        if field.tag is None:
            text += _statement(guard(field.versions, message), _write_value(field, message, "out"))
    tagged = sorted((f for f in fields if f.tag is not None), key=lambda f: f.tag)
    if not tagged:
        return text + "  out.no_tags();\n}\n"
    text += "  TagWriter tags(out);\n"
    for field in tagged:
        condition = " && ".join(filter(None, [guard(field.versions, message), _is_set(field)]))
        lines = [f"Writer& tagged = tags.start({field.tag});"] + _write_value(field, message, "tagged")
        text += _statement(condition, lines)
    return text + "  tags.finish();\n}\n"


def emit_source(source: str, stem: str, messages: list[Message]) -> str:
    text = BANNER.format(source=source)
    text += f'#include "wire/kafka/{stem}.h"\n\n#include "wire/kafka/message.h"\n\nnamespace distributary::kafka {{\n\n'
    for message in messages:
        for struct in message.structs:
            text += _read(f"{snake(message.name)}::{struct.name}", struct.fields, message)
            text += _write(f"{snake(message.name)}::{struct.name}", struct.fields, message)
        text += _read(message.name, message.fields, message)
        text += _write(message.name, message.fields, message)
        forms = ["ByteView"] + (["const Bytes&"] if message.kind == "response" and has_records(message) else [])
        name = message.name
        for form in forms:
            text += f"Result<{name}> {name}::decode({form} body, int16_t version, const Limits& limits) {{\n" \
                    f"  return decode_message<{name}>(Reader(body, limits), version);\n}}\n"
        text += f"Status {message.name}::encode(Writer& out, int16_t version) const {{\n" \
                f"  return encode_message(*this, out, version);\n}}\n\n"
    return text + "}  // namespace distributary::kafka\n"
