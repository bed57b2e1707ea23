"""What a station told us, as facts that outlive OCPP versions (D3).

The gateway's dialect reads each message that matters into one of these; the blocks of `csms` decide about
them. `at` is the station's clock, always with a zone. Where a version cannot say something the field is None.
Each names the answer it gets in its `Answer` line (`decisions.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from amperanto.domain.cost_details import CostDetails
from amperanto.domain.device_model import ReportedVariable
from amperanto.domain.limits import TransactionLimit
from amperanto.domain.meter_values import MeterValue
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import Availability, ChargingState, EvseRef, Fault, Hardware
from amperanto.domain.tokens import Token


@dataclass(frozen=True, slots=True, kw_only=True)
class StationBooted:
    """The station started, or its data changed (B01). Answer: BootDecision."""

    hardware: Hardware
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatSeen:
    """The station is alive and wants the time (G02). Answer: TimeTold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorObserved:
    """The state of a connector (G01); `native` is 1.6's finer word, `info` what it adds to it. Answer: Noted."""

    where: EvseRef
    availability: Availability
    charging: ChargingState | None = None
    fault: Fault | None = None
    at: datetime | None = None
    native: str | None = None
    info: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableEvent:
    """One NotifyEvent line that is no connector state: a monitor fired (N07). Kept in the station's words."""

    component: str
    variable: str
    value: str
    trigger: str
    at: datetime
    event_id: int
    notification: str | None = None
    component_instance: str | None = None
    variable_instance: str | None = None
    where: EvseRef | None = None
    cause: int | None = None
    cleared: bool | None = None
    severity: int | None = None
    monitor: int | None = None
    transaction: str | None = None
    tech_code: str | None = None
    tech_info: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsReported:
    """A NotifyEvent: connector states (2.1's preferred form, G01) and monitors, in the order told. Answer: Noted."""

    events: tuple[ConnectorObserved | VariableEvent, ...]
    at: datetime
    part: int = 0
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPresented:
    """A driver presented a token (C01). Answer: TokenDecision.

    `details` are what goes with it, as (type, value): of a payment card its kind, say (C18, 2.x additionalInfo).
    """

    token: Token
    details: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionTold:
    """What the three transaction reports share. `reference` is the station's id, None while 1.6 has none yet."""

    at: datetime
    reference: str | None = None
    sequence: int | None = None
    where: EvseRef | None = None
    token: Token | None = None
    meter: WattHours | None = None
    values: tuple[MeterValue, ...] = ()
    trigger: str | None = None
    charging: ChargingState | None = None
    offline: bool = False
    reservation: int | None = None
    remote_start: int | None = None
    phases: int | None = None
    """On how many phases energy flows, where the station says so (E02)."""
    limit: TransactionLimit | None = None
    """The limits the station keeps to from now on: told once whenever they change (E16, 2.1)."""
    seconds_charging: int | None = None
    """How long energy flowed so far, where the station says so."""
    tariff: str | None = None
    """The id of the tariff the station calculates by, told once (I07, I08, 2.1)."""
    cost: CostDetails | None = None
    """What the station calculated by it (I12, 2.1)."""
    undated: bool = False
    """It told no time that can be read: `at` is when we received it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionStarted(TransactionTold):
    """A transaction began (E01, E02; 1.6 StartTransaction). Answer: TransactionDecision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionContinued(TransactionTold):
    """Something happened during a transaction (2.x only). Answer: TransactionDecision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionEnded(TransactionTold):
    """A transaction ended (E06; 1.6 StopTransaction). `reason` in 2.x words. Answer: TransactionDecision."""

    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterRead:
    """Readings, of a transaction when 1.6 says so in `reference` (J01, J02). Answer: Noted."""

    where: EvseRef
    values: tuple[MeterValue, ...]
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityIncident:
    """Something happened that a security officer wants to know (A04). Answer: Noted."""

    kind: str
    at: datetime
    info: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmwareProgressed:
    """The state of a firmware update (L01). `signed` tells which of 1.6's two messages said it. Answer: Noted."""

    status: str
    request: int | None = None
    signed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LogProgressed:
    """The state of a log upload (N01). `diagnostics` is 1.6's older message. Answer: Noted."""

    status: str
    request: int | None = None
    diagnostics: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationEnded:
    """A reservation ended without a use: Expired, Removed or, in 2.1, NoTransaction (H01, H03, H04). Answer: Noted."""

    number: int
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VariablesReported:
    """One part of the report that `request` asked for; parts count from 0 (B07, B08). Answer: Noted."""

    request: int
    at: datetime
    variables: tuple[ReportedVariable, ...] = ()
    part: int = 0
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A message about a transaction that could not be interpreted: kept raw, for review (R8). Answer: Noted."""

    action: str
    payload: str
    problem: str


TransactionReport = TransactionStarted | TransactionContinued | TransactionEnded

Observation = (
    StationBooted
    | HeartbeatSeen
    | ConnectorObserved
    | EventsReported
    | TokenPresented
    | TransactionStarted
    | TransactionContinued
    | TransactionEnded
    | MeterRead
    | SecurityIncident
    | FirmwareProgressed
    | LogProgressed
    | ReservationEnded
    | VariablesReported
    | Unreadable
)
