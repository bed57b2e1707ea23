"""What to expect of a station that the standard does not say: facts about its make, not about its messages.

A quirk (`dialects/quirks`) tells them for a vendor, model and firmware; the station's socket carries them
(`StationLink.behaviour`), so that every block can ask without knowing any vendor. The defaults are a station that
keeps the standard. Each field names what the field has seen, in the direction in which a block asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum


class RateUnit(StrEnum):
    """The unit of a charging limit a station understands."""

    AMPERES = "A"
    WATTS = "W"


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How stations of one make behave; times in seconds. None, or empty, where nothing is known to be different."""

    boots_on_reconnect: bool = True
    """It sends BootNotification when its connection is new; else nobody should wait for one."""
    boots_when_triggered: bool = True
    """TriggerMessage(BootNotification) does no harm; else it may restart for it."""
    triggers_need_connector: bool = False
    """TriggerMessage for the station as a whole is rejected: ask each connector."""
    takes_availability_changes: bool = True
    """ChangeAvailability does no harm; else never send it unasked."""
    configured_unasked: bool = True
    """It may be given settings at its boot; else only by a person."""
    stack_level_max: int | None = None
    """The highest stack level it takes, whatever it reports."""
    rate_unit: RateUnit | None = None
    """The only unit of charging limits it keeps to."""
    remote_start_required: bool = False
    """A plugged-in car charges only after a remote start."""
    remote_start_token: str | None = None
    """The only token a remote start may carry."""
    min_meter_interval: int | None = None
    """The shortest interval between meter values it accepts."""
    denied_measurands: frozenset[str] = frozenset()
    """Measurands it rejects, often the whole list with them, or cannot bear."""
    first_measurands: tuple[str, ...] = ()
    """Offer this short list before any longer one."""
    measurands_at_once: bool = True
    """A list of measurands may be offered whole; else one by one."""
    finishes_after_unplugging: bool = True
    """It becomes Available again by itself; else its state follows from transaction and cable."""
    pings: bool = True
    """It answers WebSocket pings; else it is not pinged."""
    default_version: str | None = None
    """The version its socket speaks when it names no subprotocol, as "1.6"."""
    tells_local_time: bool = False
    """Instants without a zone are in the time of its site."""
    answers_within: float | None = None
    """How long it may take to answer a call."""
    answers_by_own_ids: bool = False
    """Its answers carry ids of its own: the only open call is meant."""
    hints: tuple[str, ...] = ()
    """What a person should know before blaming something else."""

    def differences(self) -> dict[str, object]:
        """What is not as the standard would have it, by field name; the hints left out."""
        told = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "hints"}
        return {name: value for name, value in told.items() if value != getattr(ORDINARY, name)}


ORDINARY = Behaviour()
"""A station about which nothing special is known."""
