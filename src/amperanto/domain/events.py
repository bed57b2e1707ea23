"""What is now true, for everybody to hear: pages, feeds, partners, webhooks.

Changes of state are written to the outbox in the database transaction that made them true (R11).
The names and fields here are public: feeds freeze them. MeterSampled and FrameLogged are not kept in the
outbox; they go to live listeners by the bus and may be lost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from amperanto.domain.charge_records import RecordKind
from amperanto.domain.meter_values import MeterValue
from amperanto.domain.payments import PaymentState
from amperanto.domain.quantities import WattHours
from amperanto.domain.remote_starts import RemoteStartState
from amperanto.domain.reservations import ReservationState
from amperanto.domain.stations import (
    Availability,
    ChargingState,
    EvseRef,
    Fault,
    OrganisationId,
    Registration,
    StationId,
)
from amperanto.domain.tokens import AuthorizationStatus, Token


@dataclass(frozen=True, slots=True, kw_only=True)
class StationEvent:
    """Something about one station. `at` is our clock."""

    organisation: OrganisationId
    station: StationId
    identity: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StationConnected(StationEvent):
    """A socket of the station is open."""

    ocpp_version: str
    remote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StationDisconnected(StationEvent):
    """The station's socket ended; `cause` in plain words."""

    close_code: int | None
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StationRegistered(StationEvent):
    """A boot was answered."""

    registration: Registration
    vendor: str
    model: str
    firmware_version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailabilityChanged(StationEvent):
    """A connector is in another state."""

    where: EvseRef
    availability: Availability
    charging: ChargingState | None = None
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRefused(StationEvent):
    """Somebody presented a token that may not charge; registered tokens that may be meant, in another spelling."""

    token: Token
    status: AuthorizationStatus
    did_you_mean: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StationTransactionEvent(StationEvent):
    """Something about one transaction; `transaction` is our id, `reference` the station's."""

    transaction: str
    reference: str
    where: EvseRef | None = None
    token: Token | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionOpened(StationTransactionEvent):
    """A transaction began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionUpdated(StationTransactionEvent):
    """Its charging state or token changed."""

    charging: ChargingState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionClosed(StationTransactionEvent):
    """A transaction ended; `energy` is None where no meter told it."""

    energy: WattHours | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationEvent(StationEvent):
    """Something about one reservation; `reservation` is our id, `number` the station's."""

    reservation: str
    number: int
    token: Token
    evse: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationMade(ReservationEvent):
    """The station holds a place for a token."""

    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationEnded(ReservationEvent):
    """It does no longer; `transaction` is ours where the reservation was used."""

    state: ReservationState
    transaction: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteStartEnded(StationEvent):
    """What came of a remote start: `transaction` (ours) where it started, else `reason` says why not.

    One that timed out may still be told as Started, when the station's report was late (R10).
    """

    remote_start: str
    number: int
    token: Token
    state: RemoteStartState
    evse: int | None = None
    transaction: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StationFellSilent(StationEvent):
    """Nothing was heard on its open socket for longer than it promised (G02); `last_heard` is our clock."""

    last_heard: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StationHeardAgain(StationEvent):
    """It speaks again."""

    silent_since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeRecordIssued(StationEvent):
    """A charge record, a credit or a correction was issued; `gross` is None where no tariff held."""

    record: str
    number: int
    kind: RecordKind
    transaction: str
    currency: str | None = None
    gross: Decimal | None = None
    corrects: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentChanged(StationEvent):
    """An ad hoc payment stands elsewhere; figures in its currency, exact."""

    payment: str
    state: PaymentState
    psp_ref: str | None = None
    currency: str | None = None
    authorized: Decimal | None = None
    paid: Decimal | None = None
    transaction: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewWanted(StationEvent):
    """Something a person should look at: a message that could not be interpreted, a doubtful transaction."""

    subject: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityIncidentReported(StationEvent):
    """The station reported a security event (A04)."""

    kind: str
    info: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterSampled(StationEvent):
    """New readings (live only)."""

    where: EvseRef | None
    transaction: str | None
    values: tuple[MeterValue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameLogged(StationEvent):
    """A frame went in or out (live only), secrets redacted."""

    direction: str
    frame: str
    number: int
    action: str | None = None
    message_id: str | None = None
    violations: tuple[str, ...] = ()


Event = (
    StationConnected
    | StationDisconnected
    | StationRegistered
    | AvailabilityChanged
    | TokenRefused
    | TransactionOpened
    | TransactionUpdated
    | TransactionClosed
    | ReservationMade
    | ReservationEnded
    | RemoteStartEnded
    | StationFellSilent
    | StationHeardAgain
    | ChargeRecordIssued
    | PaymentChanged
    | ReviewWanted
    | SecurityIncidentReported
    | MeterSampled
    | FrameLogged
)

E = TypeVar("E")
HIDDEN = "***"


def discreet(event: E) -> E:
    """The event without a code that somebody knows by heart (C04): events are kept and passed on."""
    token = getattr(event, "token", None)
    if not isinstance(token, Token) or not token.secret:
        return event
    changed: Any = event
    return replace(changed, token=Token(HIDDEN, token.type))
