"""J. Meter values: what the meter shows, as sampled values, and the clock-aligned ones outside transactions.

One MeterValue holds everything sampled at one instant. Power, current and voltage are of that instant;
current and voltage are told per phase in use, the register for the whole outlet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from amperanto.domain.meter_values import ENERGY_IMPORT_REGISTER, MeterValue, SampledValue
from amperanto.domain.observations import MeterRead
from amperanto.station.block import Block
from amperanto.station.evse import Evse

CLOCK = "Sample.Clock"
TRIGGER = "Trigger"
LOOK_AGAIN = 60.0
"""Seconds after which another interval of the clock is noticed."""
VOLTAGE_NEUTRAL = ("L1-N", "L2-N", "L3-N")
PHASES = ("L1", "L2", "L3")


class MeterValues(Block):
    """J. Meter values."""

    def sample(self, evse: Evse, measurands: Iterable[str], context: str) -> tuple[MeterValue, ...]:
        """The wanted figures of this instant; empty when none are wanted."""
        evse.settle()
        samples = tuple(found for name in measurands for found in READ[name](evse, context))
        return (MeterValue(at=self.context.now(), samples=samples),) if samples else ()

    def sampled(self, evse: Evse, moment: str, context: str) -> tuple[MeterValue, ...]:
        """The figures configured for a moment of a transaction: TxStarted, TxUpdated, TxEnded."""
        wanted = self.context.variables.words("SampledDataCtrlr", f"{moment}Measurands")
        return self.sample(evse, wanted, context)

    def aligned(self, evse: Evse, context: str) -> tuple[MeterValue, ...]:
        """The figures configured for readings on the clock, and for those asked for."""
        return self.sample(evse, self.context.variables.words("AlignedDataCtrlr", "Measurands"), context)

    async def run(self, transaction_samples: Callable[[Evse, str], bool]) -> None:
        """Report at each full interval of the day; EVSEs in a transaction by `transaction_samples`."""
        while True:
            interval = self.context.variables.number("AlignedDataCtrlr", "Interval")
            midnight = self.context.now().replace(hour=0, minute=0, second=0, microsecond=0)
            passed = (self.context.now() - midnight).total_seconds()
            # Without an interval, or with a long one, look again in a while: somebody may set another.
            left = interval - passed % interval if interval else LOOK_AGAIN
            await self.context.clock.sleep(min(left, LOOK_AGAIN))
            if interval and left <= LOOK_AGAIN:
                await self.report(CLOCK, transaction_samples)

    async def report(
        self, context: str, transaction_samples: Callable[[Evse, str], bool], only: int | None = None
    ) -> None:
        """Tell the figures of all EVSEs, or of one, now."""
        may_tell = self.line.up if context == TRIGGER else self.line.is_ready
        for evse in self.context.evses.values():
            if only not in (None, 0, evse.number) or transaction_samples(evse, context):
                continue
            values = self.aligned(evse, context)
            if values and may_tell:
                await self.tell(MeterRead(where=evse.where, values=values))


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
