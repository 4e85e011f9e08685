"""The JSON Schema of `[tool.resnet-shapes]`, made from the options' table.

It is a part of pyproject.toml's as SchemaStore takes one; `python -m tests.docs` writes it.
"""

import json
from pathlib import Path
from typing import Any

import resnet_cli
from resnet_cli import parse
from resnet_cli.cli import projectfile
from resnet_cli.cli.options import Option
from resnet_cli.show import columns

PATH = Path(resnet_cli.__file__).parent / "schemas" / "config.json"

TEXT = {"type": "string", "minLength": 1}
TEXTS = {"type": "array", "items": TEXT}
WHOLE = {"type": "integer"}
SHAPE = {"type": "array", "items": {"type": ["integer", "string"]}, "minItems": 1}
FIGURE = {"anyOf": [{"type": "integer", "minimum": 0}, TEXT]}
INPUT = {"anyOf": [TEXT, {"type": "array"}, {"type": "object"}]}

TYPES: dict[Any, dict[str, Any]] = {
    parse.flag: {"type": "boolean"},
    parse.number: WHOLE,
    parse.counts: {"anyOf": [{"type": "array", "items": WHOLE, "minItems": 1}, TEXT]},
    parse.parse_count: FIGURE,
    parse.parse_bytes: FIGURE,
    parse.pattern: {"anyOf": [TEXT, SHAPE]},
    parse.depth: {"anyOf": [{"type": "integer", "minimum": 1}, {"enum": ["all", "operations"]}]},
    columns.parse: {"anyOf": [TEXT, TEXTS]},
}
"""What a file may have for what a parser takes; text where nothing else is said."""

KEYS: dict[str, dict[str, Any]] = {
    "input": INPUT,
    "module-args": {"anyOf": [TEXT, {"type": "object"}]},
    "expect": {
        "anyOf": [
            TEXT,
            TEXTS,
            {"type": "object", "additionalProperties": {"type": ["string", "integer"]}},
        ]
    },
    "at": {"anyOf": [TEXT, TEXTS, {"type": "object", "additionalProperties": WHOLE}]},
}


def made() -> str:
    """Return the schema as text."""
    networks = {"type": "object", "additionalProperties": {"$ref": "#/definitions/network"}}
    described = {"description": "Networks that check and lock handle together, by name."}
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": "https://json.schemastore.org/partial-resnet-shapes.json",
        "title": "resnet-shapes",
        "description": "[tool.resnet-shapes] of pyproject.toml: defaults for every command.",
        "type": "object",
        "additionalProperties": False,
        "properties": {**_table(projectfile.KEYS), "networks": {**described, **networks}},
        "definitions": {
            "network": {
                "description": "One network: what it is, and what it is held against.",
                "type": "object",
                "additionalProperties": False,
                "properties": _table(projectfile.NETWORK_KEYS),
            }
        },
    }
    return json.dumps(schema, indent=2) + "\n"


def _table(options: Any) -> dict[str, Any]:
    return {name: _property(option) for name, option in options.items()}


def _property(option: Option) -> dict[str, Any]:
    described: dict[str, Any] = {"description": option.help}
    if isinstance(option.usual, bool | int | str) and option.key != "depth":
        described["default"] = option.usual
    if option.words:
        return {**described, "enum": list(option.words)}
    if option.dashed in KEYS:
        return {**described, **KEYS[option.dashed]}
    found = TYPES.get(option.parse, TEXT)
    return {**described, **({"anyOf": [found, TEXTS]} if option.multiple else found)}
