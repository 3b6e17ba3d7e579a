"""What a schema says, as plain values. The parser builds these, the emitters read them."""

from __future__ import annotations

from dataclasses import dataclass, field

NEWEST = 32767  # stands for "and every later version"

SCALARS = frozenset(["bool", "i8", "i16", "i32", "i64", "u16", "f64", "uuid", "error"])
LENGTHS = frozenset(["text", "view", "bytes", "records"])
# Struct names that would hide a name used by the generated code.
RESERVED_NAMES = frozenset(
    ["Result", "Status", "Error", "ErrorCode", "ApiKey", "Bytes", "ByteView", "Reader", "Writer", "Limits", "Uuid"])


@dataclass(frozen=True)
class Versions:
    """A closed range of versions."""
    low: int
    high: int

    def __contains__(self, version: int) -> bool:
        return self.low <= version <= self.high

    def within(self, outer: Versions) -> bool:
        return outer.low <= self.low and self.high <= outer.high

    def clipped(self, outer: Versions) -> Versions:
        return Versions(max(self.low, outer.low), min(self.high, outer.high))


@dataclass
class Field:
    name: str
    base: str  # a scalar, a length type or the name of a struct
    is_list: bool
    nullable_from: int | None  # first version in which null is allowed; None: never
    versions: Versions
    tag: int | None
    default: str | None  # as written; None: zero or empty

    @property
    def nullable(self) -> bool:
        return self.nullable_from is not None

    @property
    def is_struct(self) -> bool:
        return self.base not in SCALARS and self.base not in LENGTHS

    @property
    def null_by_default(self) -> bool:
        return self.default == "null"


@dataclass
class Struct:
    name: str
    fields: list[Field]


@dataclass
class Message:
    """One request, response or embedded message. In `structs`, a struct follows those that it uses."""
    name: str
    kind: str  # request, response, embedded
    versions: Versions
    flexible_from: int | None
    fields: list[Field] = field(default_factory=list)
    structs: list[Struct] = field(default_factory=list)

    def struct(self, name: str) -> Struct:
        return next(s for s in self.structs if s.name == name)


@dataclass
class Api:
    key: int
    name: str
    versions: Versions  # what the codecs understand
    advertised: Versions  # what ApiVersions tells clients
    flexible_from: int | None
    request: Message
    response: Message


@dataclass
class ErrorDefinition:
    code: int
    name: str
    retriable: bool


@dataclass
class Schema:
    apis: list[Api] = field(default_factory=list)
    embedded: list[Message] = field(default_factory=list)
    errors: list[ErrorDefinition] = field(default_factory=list)
