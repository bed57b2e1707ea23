"""The device model: what a station is made of and how it is set, as components, variables and attributes (B05-B08).

OCPP 1.6's configuration keys are the same thing: those the standard knows have a variable each, all others are
variables of the component `ConfigurationKeys`. Names are compared without case and kept as the station spells them.
People write a variable on one line: `Component[instance]@evse/connector.Variable[instance]#Attribute`, of which only
component and variable are needed. A secret is never kept: what is write-only, and what is named like one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from fnmatch import fnmatchcase

from amperanto.domain.errors import BadVariable
from amperanto.domain.stations import EvseRef, OrganisationId, StationId

ACTUAL = "Actual"
ATTRIBUTES = (ACTUAL, "Target", "MinSet", "MaxSet")
CONFIGURATION_KEYS = "ConfigurationKeys"
_SECRET = re.compile(r"authorizationkey|passw|passphrase|secret|simpin|psk|pwd|privatekey|apikey|vpnkey", re.IGNORECASE)
_USER_INFO = re.compile(r"://[^/\"\s@]*@")
_WRITTEN = re.compile(
    r"(?P<component>[^\[\]@.]+)(?:\[(?P<of>[^\]]*)\])?(?:@(?P<evse>\d{1,9})(?:/(?P<connector>\d{1,9}))?)?"
    r"\.(?P<variable>.+)",
    re.DOTALL,
)
_NAMED = re.compile(r"(?P<variable>[^\[\]#]+)(?:\[(?P<instance>[^\]]*)\])?(?:#(?P<attribute>\w+))?", re.DOTALL)


class Mutability(StrEnum):
    """What may be done with an attribute."""

    READ_ONLY = "ReadOnly"
    WRITE_ONLY = "WriteOnly"
    READ_WRITE = "ReadWrite"


@dataclass(frozen=True, slots=True)
class VariableRef:
    """Which variable of which component; `where` is the EVSE or connector the component belongs to."""

    component: str
    variable: str
    component_instance: str | None = None
    variable_instance: str | None = None
    where: EvseRef | None = None

    @property
    def secret(self) -> bool:
        """Whether its value must never be kept."""
        return _SECRET.search(self.variable) is not None

    def key(self, attribute: str = ACTUAL) -> str:
        """One attribute's name as it is compared: without case, in the order people read a list."""
        place = (-1, -1) if self.where is None else (self.where.evse, self.where.connector or -1)
        parts = (
            self.component, self.component_instance or "", *(f"{number + 1:09d}" for number in place),
            self.variable, self.variable_instance or "", attribute,
        )  # fmt: skip
        return "\x1f".join(part.casefold() for part in parts)

    def __str__(self) -> str:
        place = "" if self.where is None else f"@{self.where.evse}"
        if self.where is not None and self.where.connector is not None:
            place += f"/{self.where.connector}"
        component = f"{self.component}{_inside(self.component_instance)}{place}"
        return f"{component}.{self.variable}{_inside(self.variable_instance)}"


def _inside(instance: str | None) -> str:
    return "" if instance is None else f"[{instance}]"


def written(text: str) -> tuple[VariableRef, str]:
    """The variable a person wrote on one line, and its attribute. Raises BadVariable."""
    found = _WRITTEN.fullmatch(text.strip())
    rest = None if found is None else found["variable"]
    if found is not None and found["component"].casefold() == CONFIGURATION_KEYS.casefold():
        return VariableRef(found["component"], found["variable"]), ACTUAL  # a vendor's key may hold any character
    named = None if rest is None else _NAMED.fullmatch(rest)
    if found is None or named is None:
        raise BadVariable(f"{text!r} names no variable; write it like TxCtrlr.EVConnectionTimeOut")
    attribute = next((one for one in ATTRIBUTES if one.casefold() == (named["attribute"] or ACTUAL).casefold()), None)
    if attribute is None:
        raise BadVariable(f"there is no attribute {named['attribute']!r}; there are {', '.join(ATTRIBUTES)}")
    where = None
    if found["evse"] is not None:
        where = EvseRef(int(found["evse"]), None if found["connector"] is None else int(found["connector"]))
    return VariableRef(found["component"], named["variable"], found["of"], named["instance"], where), attribute


@dataclass(frozen=True, slots=True, kw_only=True)
class Characteristics:
    """Which values a variable takes, in the station's words."""

    data_type: str
    supports_monitoring: bool = False
    unit: str | None = None
    min_limit: float | None = None
    max_limit: float | None = None
    max_elements: int | None = None
    values_list: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One attribute of a variable as a station reports it; its value is None where it is not told."""

    kind: str = ACTUAL
    value: str | None = None
    mutability: Mutability = Mutability.READ_WRITE
    persistent: bool = False
    constant: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedVariable:
    """One variable in a report."""

    ref: VariableRef
    attributes: tuple[Attribute, ...]
    characteristics: Characteristics | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownVariable:
    """What is known of one attribute of one variable: its value now, how we know, since when, by whom.

    `pending` was accepted and holds after a restart that was due since `reboot_since` (B05, RebootRequired).
    """

    station: StationId
    organisation: OrganisationId
    ref: VariableRef
    attribute: Attribute
    characteristics: Characteristics | None = None
    seen_at: datetime
    source: str
    by: str | None = None
    pending: str | None = None
    reboot_since: datetime | None = None

    @property
    def key(self) -> str:
        """Its name as it is compared."""
        return self.ref.key(self.attribute.kind)

    def awaits_reboot(self, booted_at: datetime | None) -> bool:
        """Whether a value that was set holds only after a restart which did not happen yet."""
        return self.reboot_since is not None and (booted_at is None or booted_at <= self.reboot_since)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedValue:
    """A value an attribute should have."""

    ref: VariableRef
    value: str
    kind: str = ACTUAL

    @property
    def key(self) -> str:
        """Its name as it is compared."""
        return self.ref.key(self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstUse:
    """Which stations get a template when they are accepted first: patterns of vendor and model, case aside.

    `while_pending`: they get it while their registration is pending, and are accepted once they took it all (B02).
    """

    vendor: str = "*"
    model: str = "*"
    while_pending: bool = False
    local_list: bool = False

    def fits(self, vendor: str, model: str) -> bool:
        """Whether such a station is meant."""
        pairs = ((vendor, self.vendor), (model, self.model))
        return all(fnmatchcase(told.casefold().strip(), pattern.casefold()) for told, pattern in pairs)

    @property
    def exactness(self) -> tuple[int, int]:
        """How closely stations are named; of two that fit, the closer one counts."""
        return len(self.model.replace("*", "")), len(self.vendor.replace("*", ""))


def keepable(ref: VariableRef, attribute: Attribute) -> str | None:
    """The value as it may be kept: none of a secret, and no password within an address."""
    if attribute.value is None or ref.secret or attribute.mutability is Mutability.WRITE_ONLY:
        return None
    return _USER_INFO.sub("://***@", attribute.value)


def same_value(data_type: str | None, one: str, other: str) -> bool:
    """Whether two texts are the same value: lists by their members, figures by number, words without case."""
    match data_type:
        case "boolean" | "OptionList":
            return one.strip().casefold() == other.strip().casefold()
        case "MemberList":
            return sorted(members(one)) == sorted(members(other))
        case "SequenceList":
            return members(one) == members(other)
        case "integer" | "decimal":
            return one.strip() == other.strip() or _same_figure(one, other)
        case "string" | "dateTime":
            return one == other
        case _:  # 1.6 tells no types: blanks around commas and the case of a boolean mean nothing
            left, right = members(one, fold=False), members(other, fold=False)
            booleans = {one.strip().casefold(), other.strip().casefold()} <= {"true", "false"}
            return left == right or (booleans and one.strip().casefold() == other.strip().casefold())


def members(text: str, *, fold: bool = True) -> list[str]:
    """The members of a list value; stations write blanks around commas."""
    found = [word.strip() for word in text.split(",")]
    return [word.casefold() if fold else word for word in found if word]


def _same_figure(one: str, other: str) -> bool:
    try:
        return Decimal(one.strip()) == Decimal(other.strip())
    except InvalidOperation:
        return False


@dataclass(slots=True)
class ReportParts:
    """Which parts of a report came. They are numbered from 0; the one that announces no more is the last (B07)."""

    came: set[int] = field(default_factory=set[int])
    last: int | None = None
    doubled: int = 0
    variables: int = 0

    def add(self, part: int, more: bool, variables: int) -> None:
        """Note one part, in whatever order it comes."""
        if part in self.came:
            self.doubled += 1
            return
        self.came.add(part)
        self.variables += variables
        if not more:
            self.last = part if self.last is None else max(self.last, part)

    @property
    def missing(self) -> tuple[int, ...]:
        """The parts that are known to exist and did not come."""
        end = max(self.came, default=-1) if self.last is None else self.last
        return tuple(number for number in range(min(end, 10_000)) if number not in self.came)

    @property
    def complete(self) -> bool:
        """Whether every part to the last one came."""
        return self.last is not None and not self.missing
