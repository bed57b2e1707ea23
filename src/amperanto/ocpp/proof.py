"""The quick proof that a typed message is valid in the negotiated version, without asking its schema.

msgspec has already proved types, vocabularies, limits and required fields of the class. What remains is what
the version forbids although its class allows it (the generated NARROWER tables: 2.0.1 inside 2.1, 1.6's
one-decimal limits) and how instants were written. A proof is compiled once per class and version, and is
one-sided: True means valid; False only means "ask the schema". So every shortcut here may be too strict and
none too lenient; tests/laws/test_codec.py holds it to that.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC
from functools import cache
from operator import attrgetter
from typing import Any, cast

from msgspec import UNSET, inspect

from amperanto.ocpp.shapes import Record
from amperanto.ocpp.v2.narrower import NARROWER as NARROWER_V2
from amperanto.ocpp.v16.narrower import NARROWER as NARROWER_V16
from amperanto.ocpp.versions import Version

__all__ = ["compile_proof", "rules_for"]

Proof = Callable[[Any], bool]
NARROWER = NARROWER_V16 | NARROWER_V2


def rules_for(version: Version, name: str) -> dict[str, dict[str, Any]]:
    """What the version forbids of a class: attribute to rule."""
    return NARROWER[version.value].get(name, {})


@dataclass(frozen=True, slots=True)
class Part:
    """One check, of a record and of all records of a list at once (there C loops are worth having)."""

    one: Proof
    many: Proof


@cache
def compile_proof(version: Version, kind: type[Record]) -> Proof | None:
    """The proof for one class, None when msgspec's word is enough."""
    part = compile_part(version, kind)
    return None if part is None else part.one


@cache
def compile_part(version: Version, kind: type[Record]) -> Part | None:
    """All checks of a class as one."""
    parts = [part for part in own_parts(version, kind) if part is not None]
    if len(parts) < 2:
        return parts[0] if parts else None
    return Part(every([part.one for part in parts]), every([part.many for part in parts]))


def every(checks: list[Proof]) -> Proof:
    """All of these."""
    all_checks = tuple(checks)

    def proof(subject: Any) -> bool:
        for check in all_checks:  # noqa: SIM110 - a loop costs half of all() here
            if not check(subject):
                return False
        return True

    return proof


def own_parts(version: Version, kind: type[Record]) -> Iterable[Part | None]:
    """The checks of a class: its own rules, its instants, then the records inside it."""
    rules = rules_for(version, kind.__name__)
    yield all_unset([attribute for attribute, rule in rules.items() if "absent" in rule])
    words: dict[str, list[str]] = {attribute: rule["not"] for attribute, rule in rules.items() if "not" in rule}
    yield none_of(list(words), frozenset(word for newer in words.values() for word in newer))
    structure = cast(inspect.StructType, inspect.type_info(kind))
    always = {field.name for field in structure.fields if field.required}
    for attribute, rule in rules.items():
        for check in single(attribute, rule, is_required=attribute in always):
            yield Part(check, one_by_one(check))
    yield all_utc([field.name for field in structure.fields if isinstance(field.type, inspect.DateTimeType)])
    for field in structure.fields:
        inner = field.type.item_type if isinstance(field.type, inspect.ListType) else field.type
        if isinstance(inner, inspect.StructType) and "absent" not in rules.get(field.name, {}):
            part = compile_part(version, inner.cls)
            if part is not None:
                yield inside(field.name, part) if inner is field.type else inside_each(field.name, part)


def one_by_one(check: Proof) -> Proof:
    """The check of every record of a list."""
    return lambda records: all(map(check, records))


def all_unset(attributes: list[str]) -> Part | None:
    """None of these was said."""
    if not attributes:
        return None
    get = attrgetter(*attributes)
    unsaid: Any = UNSET if len(attributes) == 1 else (UNSET,) * len(attributes)

    def one(record: Any) -> bool:
        return get(record) == unsaid

    return Part(one, one_by_one(one))


def none_of(attributes: list[str], forbidden: frozenset[str]) -> Part | None:
    """None of these is a newer word. One set for all: a word of a neighbour costs a look at the schema."""
    if not attributes:
        return None
    gets = tuple(attrgetter(attribute) for attribute in attributes)
    disjoint = forbidden.isdisjoint

    first = gets[0]

    def one(record: Any) -> bool:
        return first(record) not in forbidden and (len(gets) == 1 or disjoint([get(record) for get in gets]))

    def many(records: Any) -> bool:
        for get in gets:  # noqa: SIM110
            if not disjoint(map(get, records)):
                return False
        return True

    return Part(one, many)


def all_utc(attributes: list[str]) -> Part | None:
    """Every instant said has the offset zero (the codec then knows how that was written)."""
    if not attributes:
        return None
    gets = tuple(attrgetter(attribute) for attribute in attributes)

    def one(record: Any) -> bool:
        for get in gets:
            instant = get(record)
            if instant is not UNSET and instant.tzinfo is not UTC:
                return False
        return True

    return Part(one, one_by_one(one))


def inside(attribute: str, part: Part) -> Part:
    """The proof of a record inside."""
    get, proof = attrgetter(attribute), part.one

    def one(record: Any) -> bool:
        inner = get(record)
        return inner is UNSET or proof(inner)

    def many(records: Any) -> bool:
        inner = list(map(get, records))
        unsaid = inner.count(UNSET)
        return unsaid == len(inner) or all(record is UNSET or proof(record) for record in inner)

    return Part(one, many)


def inside_each(attribute: str, part: Part) -> Part:
    """The proof of each record of a list inside."""
    get, proof = attrgetter(attribute), part.many

    def one(record: Any) -> bool:
        inner = get(record)
        return inner is UNSET or proof(inner)

    return Part(one, one_by_one(one))


def single(attribute: str, rule: dict[str, Any], *, is_required: bool) -> Iterable[Proof]:
    """The remaining rules of one attribute."""
    get = attrgetter(attribute)
    if "required" in rule:
        yield lambda message: get(message) is not UNSET
    if "each" in rule:
        tests = list(value_tests(rule["each"]))
        yield lambda message: get(message) is UNSET or all(test(v) for v in get(message) for test in tests)
    for test in value_tests({key: value for key, value in rule.items() if key != "not"}):
        if is_required:
            yield lambda message, test=test: test(get(message))
        else:
            yield lambda message, test=test: get(message) is UNSET or test(get(message))


def value_tests(rule: dict[str, Any]) -> Iterable[Proof]:
    """The tests of one value."""
    if "only" in rule:
        yield frozenset(rule["only"]).__contains__
    if "not" in rule:
        forbidden = frozenset(rule["not"])
        yield lambda value: value not in forbidden
    if "max_length" in rule:
        limit = rule["max_length"]
        yield lambda value: len(value) <= limit
    if "integer" in rule:
        yield float.is_integer
    if "tenths" in rule:
        yield lambda value: value == round(value, 1) and abs(value) < 1e9
    if "uri" in rule:
        yield lambda value: False  # rare and intricate: the schema decides
