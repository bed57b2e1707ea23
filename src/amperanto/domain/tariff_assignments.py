"""Which tariff holds for a charge: the closest assignment wins.

A tariff is assigned by its name, so a new version of it holds for every charge that starts afterwards. The closest is
what is closest to the driver, then to the place: token, group of tokens, EVSE, station, site, organisation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from amperanto.domain.stations import OrganisationId, Station
from amperanto.domain.tariffs import Tariff


class Scope(StrEnum):
    """For whom, or where, an assignment holds; the closest first."""

    TOKEN = "token"  # noqa: S105 - a scope, no password
    GROUP = "group"
    EVSE = "evse"
    STATION = "station"
    SITE = "site"
    ORGANISATION = "organisation"


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffVersion:
    """One version of a tariff. It never changes: another price is another version. `number` counts from 1."""

    organisation: OrganisationId
    name: str
    number: int
    tariff: Tariff
    created_at: datetime
    created_by: str

    @property
    def id(self) -> str:
        """What stations and bills call it: unique for its content."""
        return tariff_id(self.name, self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A tariff, by name, for a scope. `subject` names what is in scope, by our ids, keys and names; "" for all."""

    organisation: OrganisationId
    scope: Scope
    subject: str
    tariff: str
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class TariffBook:
    """What is assigned in an organisation, and the versions of each tariff that is, the newest first."""

    assigned: dict[tuple[Scope, str], str]
    versions: dict[str, list[TariffVersion]]


def tariff_id(name: str, number: int) -> str:
    """The id of a version."""
    return f"{name}.{number}"


def evse_subject(station: str, evse: int) -> str:
    """How an EVSE is named as the subject of an assignment."""
    return f"{station}/{evse}"


def subjects(station: Station, evse: int | None, token_key: str | None, group: str | None) -> list[tuple[Scope, str]]:
    """What an assignment may name to hold for this charge, the closest first."""
    found: list[tuple[Scope, str | None]] = [
        (Scope.TOKEN, token_key),
        (Scope.GROUP, group),
        (Scope.EVSE, None if evse is None else evse_subject(station.id, evse)),
        (Scope.STATION, station.id),
        (Scope.SITE, station.site),
    ]
    return [(scope, subject) for scope, subject in found if subject] + [(Scope.ORGANISATION, "")]


def closest(wanted: Iterable[tuple[Scope, str]], known: Mapping[tuple[Scope, str], str]) -> str | None:
    """The name of the tariff that holds, if any is assigned."""
    return next((known[one] for one in wanted if one in known), None)
