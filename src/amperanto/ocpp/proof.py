"""The quick proof that a typed message is valid in the negotiated version, without asking its schema.

msgspec has already proved types, vocabularies, limits and required fields of the class. What remains is what
the version forbids although its class allows it (the generated NARROWER tables: 2.0.1 inside 2.1, 1.6's
one-decimal limits), how instants were written, and that no member was lost on the way into the class. A proof
visits every record of every message, so it is compiled once per class and version to straight Python, as
`dataclasses` does it. It returns how many members a text must have that says this and nothing else:

    def proof(r0):
        n = 13                                   # the fields that 2.0.1 has
        v0 = r0.trigger_reason
        if v0 in C1: return NOT_PROVED           # the words that it does not have
        if r0.offline is UNSET: n -= 1           # optional and unsaid

A member whose presence proves nothing (the version does not have it; customData; any JSON) is not counted, so
a text that has it holds more members than its proof says. A proof is one-sided: its number means valid,
NOT_PROVED only "ask the schema". So every shortcut here may be too strict and none too lenient;
tests/laws/test_codec.py holds it to that.
"""

from collections.abc import Callable, Iterator
from datetime import UTC
from functools import cache
from typing import Any, cast

from msgspec import UNSET, inspect

from amperanto.ocpp.shapes import Record
from amperanto.ocpp.v2.narrower import NARROWER as NARROWER_V2
from amperanto.ocpp.v16.narrower import NARROWER as NARROWER_V16
from amperanto.ocpp.versions import Version

__all__ = ["NOT_PROVED", "compile_proof", "rules_for"]

Proof = Callable[[Any], int]
NOT_PROVED = -1
NARROWER = NARROWER_V16 | NARROWER_V2
PLAIN = inspect.StrType | inspect.IntType | inspect.FloatType | inspect.BoolType | inspect.EnumType


def rules_for(version: Version, name: str) -> dict[str, dict[str, Any]]:
    """What the version forbids of a class: attribute to rule."""
    return NARROWER[version.value].get(name, {})


@cache
def compile_proof(version: Version, kind: type[Record]) -> Proof:
    """The proof for one class."""
    script = Script(version)
    script.visit(kind, "r0", ())
    names = script.constants
    heading = f"def proof(r0, {', '.join(f'{name}={name}' for name in names)}):"  # locals are the fastest names
    source = "\n".join([heading, "    n = 0", *script.lines, "    return n"])
    exec(source, names)  # noqa: S102 - the text is ours: attributes of generated classes, numbers, own names
    return cast(Proof, names["proof"])


class Script:
    """The body of a proof while it is written: one visit to each record, in the order of the fields."""

    def __init__(self, version: Version) -> None:
        self.version = version
        self.lines: list[str] = []
        self.constants: dict[str, Any] = {"UNSET": UNSET, "UTC": UTC, "NOT_PROVED": NOT_PROVED}
        self.depth = 1

    def write(self, line: str) -> None:
        """One line at the present depth."""
        self.lines.append("    " * self.depth + line)

    def words(self, words: list[str]) -> str:
        """The name of a set of words."""
        name = f"C{len(self.constants)}"
        self.constants[name] = frozenset(words)
        return name

    def visit(self, kind: type[Record], record: str, above: tuple[type[Record], ...], times: str = "1") -> None:
        """Counts and checks a record, or those of a list when `times` tells how many there are."""
        rules, above = rules_for(self.version, kind.__name__), (*above, kind)
        fields = [
            field
            for field in cast(inspect.StructType, inspect.type_info(kind)).fields
            if "absent" not in rules.get(field.name, {}) and is_countable(field.type, above)
        ]
        self.write(f"n += {len(fields)}" if times == "1" else f"n += {len(fields)} * {times}")
        if times != "1":
            self.write(f"for {record} in v{len(above) - 2}:")
            self.depth += 1
        start = len(self.lines)
        for field in fields:
            self.visit_field(field, record, rules.get(field.name, {}), above)
        if times != "1":
            self.depth -= 1
            if len(self.lines) == start:
                self.lines.pop()  # counted; nothing to check in each

    def visit_field(
        self, field: inspect.Field, record: str, rule: dict[str, Any], above: tuple[type[Record], ...]
    ) -> None:
        """Checks one field, and what is inside it."""
        said, variable = f"{record}.{field.name}", f"v{len(above) - 1}"
        is_optional = not (field.required or "required" in rule)
        tests = [*self.failures(variable, rule, field)]
        inner = record_in(field.type)
        if inner is None and not tests:
            if is_optional:
                self.write(f"if {said} is UNSET: n -= 1")
            return
        self.write(f"{variable} = {said}")
        if is_optional:
            self.write(f"if {variable} is UNSET: n -= 1")
            self.write("else:")
            self.depth += 1
        if tests:
            self.write(f"if {' or '.join(tests)}: return NOT_PROVED")
        if inner is not None and isinstance(field.type, inspect.ListType):
            self.visit(inner, f"r{len(above)}", above, f"len({variable})")
        elif inner is not None:
            self.visit(inner, variable, above)
        if is_optional:
            self.depth -= 1

    def failures(self, value: str, rule: dict[str, Any], field: inspect.Field) -> Iterator[str]:
        """What is true of a value that is not proved valid."""
        if "required" in rule:
            yield f"{value} is UNSET"
        if isinstance(field.type, inspect.DateTimeType):
            yield f"{value}.tzinfo is not UTC"  # the codec then knows how that was written
        if "only" in rule:
            yield f"{value} not in {self.words(rule['only'])}"
        if "not" in rule:
            yield f"{value} in {self.words(rule['not'])}"
        if "max_length" in rule:
            yield f"len({value}) > {rule['max_length']}"
        if "integer" in rule:
            yield f"not {value}.is_integer()"
        if "tenths" in rule:
            yield f"{value} != round({value}, 1) or abs({value}) >= 1e9"
        if "uri" in rule:
            yield "True"  # rare and intricate: the schema decides
        each = rule.get("each", {})
        if "only" in each:
            yield f"not {self.words(each['only'])}.issuperset({value})"
        if "not" in each:
            yield f"not {self.words(each['not'])}.isdisjoint({value})"
        if "max_length" in each:
            yield f"max(map(len, {value}), default=0) > {each['max_length']}"


def record_in(kind: inspect.Type) -> type[Record] | None:
    """The class of the record, or of the records, that a field holds."""
    inner = kind.item_type if isinstance(kind, inspect.ListType) else kind
    return cast(type[Record], inner.cls) if isinstance(inner, inspect.StructType) else None


def is_countable(kind: inspect.Type, above: tuple[type[Record], ...]) -> bool:
    """Whether the field's presence can be proved right: its values are known to the last member."""
    if isinstance(kind, inspect.DateTimeType):
        return True
    inner = kind.item_type if isinstance(kind, inspect.ListType) else kind
    return isinstance(inner, PLAIN) or (isinstance(inner, inspect.StructType) and inner.cls not in above)
