"""J. Meter values: what the meter shows, as sampled values, and the clock-aligned ones outside transactions.

A meter that can sign (`Outlet.signer`) does so where SignReadings asks for it. EVSE 0 is the station's main meter, if
it has one. One MeterValue holds everything sampled at one instant. Power, current and voltage are of that instant;
current and voltage are told per phase in use, the register for the whole outlet.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from amperanto.domain.meter_values import ENERGY_IMPORT_REGISTER, MeterValue, SampledValue
from amperanto.domain.observations import MeterRead
from amperanto.domain.stations import EvseRef
from amperanto.station.block import Block
from amperanto.station.context import Context
from amperanto.station.evse import Evse, Transaction
from amperanto.station.hardware import Reading
from amperanto.station.line import Line

CLOCK = "Sample.Clock"
SAMPLED, ALIGNED = "SampledDataCtrlr", "AlignedDataCtrlr"
TRIGGER = "Trigger"
LOOK_AGAIN = 60.0
"""Seconds after which another interval of the clock is noticed."""
VOLTAGE_NEUTRAL = ("L1-N", "L2-N", "L3-N")
PHASES = ("L1", "L2", "L3")


class MeterValues(Block):
    """J. Meter values."""

    def __init__(self, context: Context, line: Line) -> None:
        super().__init__(context, line)
        self.has_main_meter = False

    def sample(
        self, evse: Evse, measurands: Iterable[str], context: str, *, signed: bool = False
    ) -> tuple[MeterValue, ...]:
        """The wanted figures of this instant; empty when none are wanted."""
        evse.settle()
        at, samples = self.context.now(), [found for name in measurands for found in READ[name](evse, context)]
        if signed and evse.outlet.signer is not None:
            samples = [self._sign(evse, at, one) for one in samples]
        return (MeterValue(at=at, samples=tuple(samples)),) if samples else ()

    def sampled(self, evse: Evse, moment: str, context: str) -> tuple[MeterValue, ...]:
        """The figures configured for a moment of a transaction: TxStarted, TxUpdated, TxEnded."""
        if not self.context.variables.flag(SAMPLED, "Enabled"):
            return ()
        wanted = self.context.variables.words(SAMPLED, f"{moment}Measurands")
        if moment == "TxEnded" and not wanted and self.context.habits.register_stands_alone:
            wanted = [ENERGY_IMPORT_REGISTER]  # 1.6: begin and end are always among transactionData
        return self.sample(evse, wanted, context, signed=self._signs(SAMPLED, moment))

    def aligned(self, evse: Evse, context: str, moment: str = "") -> tuple[MeterValue, ...]:
        """The figures configured for readings on the clock, and for those asked for; `moment` TxEnded: for the end."""
        wanted = self.context.variables.words(ALIGNED, f"{moment}Measurands")
        return self.sample(evse, wanted, context, signed=self._signs(ALIGNED, moment))

    def _signs(self, controller: str, moment: str) -> bool:
        """Whether readings of that moment are signed: those of the end first of all, the others where asked for."""
        flag = self.context.variables.flag
        if not flag(controller, "SignReadings"):
            return False
        which = {"TxStarted": "SignStartedReadings", "TxUpdated": "SignUpdatedReadings"}.get(moment)
        apart = which is not None and self.context.habits.signs_by_moment
        return flag(controller, which) if apart and which is not None else True

    def _sign(self, evse: Evse, at: datetime, sample: SampledValue) -> SampledValue:
        signer, transaction = evse.outlet.signer, evse.transaction
        if signer is None or sample.measurand != ENERGY_IMPORT_REGISTER:
            return sample
        name = None if transaction is None else transaction.id
        signed = signer(Reading(register=evse.meter, at=at, context=sample.context, transaction=name))
        if not self._tells_key(transaction):
            signed = replace(signed, public_key="")
        return sample._replace(signed=signed)

    def _tells_key(self, transaction: Transaction | None) -> bool:
        """Whether the public key goes along (PublicKeyWithSignedMeterValue)."""
        match self.context.variables.text("OCPPCommCtrlr", "PublicKeyWithSignedMeterValue"):
            case "EveryMeterValue":
                return True
            case "OncePerTransaction":
                first = transaction is None or "key" not in transaction.sampled
                if transaction is not None:
                    transaction.sampled["key"] = self.context.clock.monotonic()
                return first
            case _:
                return False

    async def run(self, transaction_samples: Callable[[Evse, str], bool]) -> None:
        """Report at each full interval of the day, from midnight UTC; what is charging by `transaction_samples`."""
        told: datetime | None = None
        while True:
            now, interval = self.context.now(), self.interval()
            left = seconds_to_slot(now, interval)
            # Without an interval, or with a long one, look again in a while: somebody may set another.
            await self.context.clock.sleep(min(left, LOOK_AGAIN))
            slot = now + timedelta(seconds=left) if interval else now
            if interval and left <= LOOK_AGAIN and slot != told and not self.context.dark:
                told = slot
                await self.report(CLOCK, transaction_samples)

    def interval(self, variable: str = "Interval") -> int:
        """Seconds between readings on the clock, 0 for none."""
        if not self.context.variables.flag(ALIGNED, "Enabled"):
            return 0
        return self.context.variables.number(ALIGNED, variable)

    async def report(
        self, context: str, transaction_samples: Callable[[Evse, str], bool], only: int | None = None
    ) -> None:
        """Tell the figures of all EVSEs, or of one, now."""
        may_tell = self.line.up if context == TRIGGER else self.line.is_ready
        if context == CLOCK and self._quiet_during_transactions:
            return
        if self.has_main_meter and only in (None, 0) and may_tell:
            await self.tell(MeterRead(where=EvseRef(0), values=self._main_meter(context)))
        for evse in self.context.evses.values():
            if only not in (None, 0, evse.number) or (context == CLOCK and self._quiet_at(evse)):
                continue
            if transaction_samples(evse, context):
                continue
            values = self.aligned(evse, context)
            if values and may_tell:
                await self.tell(MeterRead(where=evse.where, values=values))

    @property
    def _quiet_during_transactions(self) -> bool:
        """SendDuringIdle: no readings on the clock while anybody charges (J01)."""
        charging = any(evse.transaction is not None for evse in self.context.evses.values())
        return charging and self.context.variables.flag(ALIGNED, "SendDuringIdle")

    def _quiet_at(self, evse: Evse) -> bool:
        """SendDuringIdle of one EVSE: none of its own while it has a transaction (J01)."""
        return evse.transaction is not None and self.context.variables.holds(ALIGNED, "SendDuringIdle", evse.number)

    def _main_meter(self, context: str) -> tuple[MeterValue, ...]:
        """What the meter before all EVSEs shows: the sum of theirs."""
        evses = list(self.context.evses.values())
        for evse in evses:
            evse.settle()
        register = sum((evse.outlet.meter.counted.value for evse in evses), start=Decimal(0))
        power = sum((evse.outlet.power.value for evse in evses), start=Decimal(0))
        samples = (
            SampledValue(value=Decimal(int(register)), context=context, location="Inlet"),
            SampledValue(value=power, measurand="Power.Active.Import", context=context, location="Inlet", unit="W"),
        )
        return (MeterValue(at=self.context.now(), samples=samples),)


def seconds_to_slot(now: datetime, interval: int) -> float:
    """Until the next full interval counted from midnight UTC; infinity without one."""
    if not interval:
        return math.inf
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return interval - (now - midnight).total_seconds() % interval


def _register(evse: Evse, context: str) -> list[SampledValue]:
    return [SampledValue(value=evse.outlet.meter.register.value, measurand=ENERGY_IMPORT_REGISTER, context=context)]


def _power(evse: Evse, context: str) -> list[SampledValue]:
    value = evse.outlet.power.value
    return [SampledValue(value=value, measurand="Power.Active.Import", context=context, unit="W")]


def _current(evse: Evse, context: str) -> list[SampledValue]:
    value = evse.outlet.current.value
    return [
        SampledValue(value=value, measurand="Current.Import", context=context, phase=phase, unit="A")
        for phase in PHASES[: evse.outlet.phases_in_use]
    ]


def _voltage(evse: Evse, context: str) -> list[SampledValue]:
    value = evse.outlet.voltage.value
    return [
        SampledValue(value=value, measurand="Voltage", context=context, phase=phase, unit="V")
        for phase in VOLTAGE_NEUTRAL[: evse.outlet.phases_in_use]
    ]


def _state_of_charge(evse: Evse, context: str) -> list[SampledValue]:
    level = evse.outlet.state_of_charge
    if level is None:
        return []
    value = level.value.quantize(Decimal(1))
    return [SampledValue(value=value, measurand="SoC", context=context, location="EV", unit="Percent")]


READ: dict[str, Callable[[Evse, str], list[SampledValue]]] = {
    ENERGY_IMPORT_REGISTER: _register,
    "Power.Active.Import": _power,
    "Current.Import": _current,
    "Voltage": _voltage,
    "SoC": _state_of_charge,
}
