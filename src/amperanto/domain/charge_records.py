"""Charge detail records: what a charge cost, why, and from what. Issued once, and never changed (R10).

A record is numbered without gaps in its organisation. What turns out otherwise later is corrected by a credit that
takes the record back, line by line, and a new record, both linked to the one they correct. A record carries everything
it needs to be checked by somebody who has nothing else: the tariffs as they were, the readings used, both clocks, and
an explanation whose lines sum to the total exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from amperanto.domain.costs import Cost, InForce
from amperanto.domain.stations import EvseRef, OrganisationId, StationId
from amperanto.domain.tokens import Token


class RecordKind(StrEnum):
    """A charge, or one that is taken back."""

    CHARGE = "Charge"
    CREDIT = "Credit"


class RegisterReading(NamedTuple):
    """The import register at an instant, Wh."""

    at: datetime
    energy: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeRecord:
    """A charge as it is billed. `started_at` and `ended_at` are the station's clock, `received_at` and `known_at` ours.

    `cost` is None where no tariff held: then nobody says that it was free. `corrects` is the record this one takes back
    or replaces.
    """

    id: str
    organisation: OrganisationId
    number: int
    kind: RecordKind = RecordKind.CHARGE
    transaction: str
    station: StationId
    identity: str
    reference: str
    where: EvseRef | None = None
    token: Token | None = None
    started_at: datetime | None
    ended_at: datetime | None
    received_at: datetime | None
    known_at: datetime
    issued_at: datetime
    energy: Decimal | None
    time_zone: str = "UTC"
    tariffs: tuple[InForce, ...] = ()
    cost: Cost | None = None
    readings: tuple[RegisterReading, ...] = ()
    corrects: str | None = None
    reason: str | None = None

    @property
    def net(self) -> Decimal | None:
        """The amount without tax; negative in a credit."""
        return None if self.cost is None else self.cost.net

    @property
    def gross(self) -> Decimal | None:
        """The amount with tax; negative in a credit."""
        return None if self.cost is None else self.cost.gross

    def credit(self, *, as_id: str, number: int, at: datetime, reason: str) -> ChargeRecord:
        """The credit that takes this record back."""
        return replace(
            self,
            id=as_id,
            number=number,
            kind=RecordKind.CREDIT,
            issued_at=at,
            energy=None if self.energy is None else -self.energy,
            cost=None if self.cost is None else _taken_back(self.cost),
            corrects=self.id,
            reason=reason,
        )

    def says_the_same(self, other: ChargeRecord) -> bool:
        """Whether both bill the same charge in the same way: then there is nothing to correct."""
        return (self.started_at, self.ended_at, self.energy, self.token, self.tariffs, self.cost) == (
            other.started_at, other.ended_at, other.energy, other.token, other.tariffs, other.cost,
        )  # fmt: skip


def _taken_back(cost: Cost) -> Cost:
    return replace(
        cost,
        net=-cost.net,
        gross=-cost.gross,
        lines=tuple(replace(line, quantity=-line.quantity, net=-line.net, gross=-line.gross) for line in cost.lines),
        taxes=tuple(replace(tax, amount=-tax.amount) for tax in cost.taxes),
    )
