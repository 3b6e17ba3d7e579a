"""kafka_codec --schema FOLDER --out FOLDER writes the codecs; with --list it prints the .cc files it would write."""

from __future__ import annotations

import argparse
import pathlib
import sys

from cpp import snake
from header import emit_header
from model import Schema
from parser import SchemaError, parse_errors, parse_messages
from source import emit_source
from tables import emit_api_keys, emit_api_table, emit_error_header, emit_error_source, emit_registry


def load(folder: pathlib.Path) -> tuple[Schema, dict[str, str]]:
    """The whole schema, and the file that each API or embedded message is from."""
    schema = Schema()
    origin: dict[str, str] = {}
    for path in sorted(folder.glob("*.txt")):
        try:
            if path.name == "errors.txt":
                schema.errors = parse_errors(path.read_text())
                continue
            apis, embedded = parse_messages(path.read_text())
        except SchemaError as error:
            raise SchemaError(f"{path}: {error}") from error
        origin.update({item.name: path.name for item in apis + embedded})
        schema.apis += apis
        schema.embedded += embedded
    schema.apis.sort(key=lambda api: api.key)
    keys = [api.key for api in schema.apis]
    if len(set(keys)) != len(keys):
        raise SchemaError(f"{folder}: an API key appears twice")
    return schema, origin


def generate(schema: Schema, origin: dict[str, str]) -> dict[str, str]:
    """File name to content."""
    files = {
        "api_keys.h": emit_api_keys(schema.apis),
        "api_table.cc": emit_api_table(schema.apis),
        "error_code.h": emit_error_header(schema.errors),
        "error_code.cc": emit_error_source(schema.errors),
    }
    units = [(api.name, [api.request, api.response], snake(api.name)) for api in schema.apis]
    units += [(message.name, [message], None) for message in schema.embedded]
    for name, messages, api_name in units:
        stem = snake(name)
        files[stem + ".h"] = emit_header(origin[name], messages, api_name)
        files[stem + ".cc"] = emit_source(origin[name], stem, messages)
    every = [message for _, messages, _ in units for message in messages]
    files["message_registry.cc"] = emit_registry([snake(name) for name, _, _ in units], every)
    return files


def write(files: dict[str, str], out: pathlib.Path) -> None:
    """Writes only what changed, so that nothing else is compiled again."""
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = out / name
        if not path.exists() or path.read_text() != content:
            path.write_text(content)


def main() -> int:
    arguments = argparse.ArgumentParser(prog="kafka_codec", description=__doc__)
    arguments.add_argument("--schema", type=pathlib.Path, required=True)
    arguments.add_argument("--out", type=pathlib.Path, required=True)
    arguments.add_argument("--list", action="store_true")
    options = arguments.parse_args()
    try:
        files = generate(*load(options.schema))
    except SchemaError as error:
        print(f"kafka_codec: {error}", file=sys.stderr)
        return 1
    if options.list:
        print(";".join(sorted(str(options.out / name) for name in files)))
        return 0
    write(files, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
