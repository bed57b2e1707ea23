"""A charging station as the CSMS knows it: who it is, what it may do, where its parts are.

A station's registration (accepted, pending, rejected) is the operator's decision and lasts across
connections (R9, B01-B03). Its OCPP version is not here: the version belongs to the socket.
EVSEs are numbered from 1; EVSE 0 means the station as a whole. OCPP 1.6 knows connectors only:
its connector n is (EVSE n, connector 1), its connector 0 the station.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

StationId = NewType("StationId", str)
OrganisationId = NewType("OrganisationId", str)

DEFAULT_ORGANISATION = OrganisationId("default")


class Registration(StrEnum):
    """The answer to a boot (B01, B02, B03)."""

    ACCEPTED = "Accepted"
    PENDING = "Pending"
    REJECTED = "Rejected"

    @classmethod
    def _missing_(cls, value: object) -> Registration | None:
        """People write it in any case."""
        return next((one for one in cls if str(value).casefold() == one.casefold()), None)


class Tolerance(StrEnum):
    """What happens when a station breaks the standard: refuse, tolerate and record, tolerate without a word."""

    STRICT = "strict"
    TOLERANT = "tolerant"
    SILENT = "silent"


class UnknownTokens(StrEnum):
    """What happens to a token nobody registered.

    Store: refused, and kept as blocked so that a person can admit it with one word. Refuse: refused, and not kept.
    Accept: free vending; everybody may charge, and the transaction says so.
    """

    STORE = "store"
    REFUSE = "refuse"
    ACCEPT = "accept"


class Availability(StrEnum):
    """The state of a connector in 2.x words (G01)."""

    AVAILABLE = "Available"
    OCCUPIED = "Occupied"
    RESERVED = "Reserved"
    UNAVAILABLE = "Unavailable"
    FAULTED = "Faulted"


class ChargingState(StrEnum):
    """What the vehicle and the EVSE are doing (E02)."""

    IDLE = "Idle"
    EV_CONNECTED = "EVConnected"
    CHARGING = "Charging"
    SUSPENDED_EV = "SuspendedEV"
    SUSPENDED_EVSE = "SuspendedEVSE"


@dataclass(frozen=True, slots=True, order=True)
class EvseRef:
    """A place at a station: an EVSE, and its connector where that is known. EVSE 0 is the whole station."""

    evse: int
    connector: int | None = None

    @property
    def whole_station(self) -> bool:
        """Whether this names the station itself."""
        return self.evse == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """What a station says it is when it boots; texts as the station wrote them."""

    vendor: str
    model: str
    serial_number: str | None = None
    firmware_version: str | None = None
    iccid: str | None = None
    imsi: str | None = None
    charge_box_serial_number: str | None = None
    meter_type: str | None = None
    meter_serial_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a connector, in the station's words."""

    code: str
    info: str | None = None
    vendor_id: str | None = None
    vendor_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """A station somebody registered. `admitted` is the last answer it got to a boot, None before the first.

    `site` is the id of the site it stands at (`sites.py`), None where nobody said. `boots` are its latest ones;
    `boot_loop_since` says that it booted too often in a short time and is left alone since. `onboarding` names the
    rollout that set it up when it was accepted first. `unknown_tokens` is what happens here to tokens nobody
    registered, None for what its site declared; `cache_cleared_at` when it last confirmed to have emptied its
    authorization cache (C11).
    """

    id: StationId
    organisation: OrganisationId
    identity: str
    registration: Registration = Registration.ACCEPTED
    admitted: Registration | None = None
    heartbeat_interval: int = 300
    ping_interval: int | None = None
    tolerance: Tolerance = Tolerance.TOLERANT
    quiet: bool = False
    security_profile: int = 1
    password_hash: str | None = None
    hardware: Hardware | None = None
    ocpp_version: str | None = None
    last_seen: datetime | None = None
    booted_at: datetime | None = None
    created_at: datetime | None = None
    site: str | None = None
    boots: tuple[datetime, ...] = ()
    boot_loop_since: datetime | None = None
    onboarding: str | None = None
    revision: int = 0
    unknown_tokens: UnknownTokens | None = None
    cache_cleared_at: datetime | None = None

    @property
    def may_be_sent_to(self) -> bool:
        """Whether anything may be sent to it that nobody asks for now: it is not quiet, nor in a loop of boots."""
        return not self.quiet and self.boot_loop_since is None

    def booting(self, at: datetime, *, most: int, within: timedelta) -> Station:
        """The station after one more boot: `most` of them `within` that time are a loop, until a person ends it."""
        boots = (*(one for one in self.boots if one > at - within), at)[-most:]
        since = self.boot_loop_since or (at if len(boots) >= most else None)
        return replace(self, boots=boots, boot_loop_since=since)

    def may_speak(self) -> bool:
        """Whether the station may send more than BootNotification (B01.FR.10, R9)."""
        return self.admitted is Registration.ACCEPTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Connector:
    """The last known state of one connector (or of an EVSE, or of the station: EVSE 0)."""

    station: StationId
    where: EvseRef
    availability: Availability
    charging: ChargingState | None = None
    fault: Fault | None = None
    since: datetime
    native: str | None = None


def folded(identity: str) -> str:
    """The identity as it is compared: without case (R6)."""
    return identity.casefold()
