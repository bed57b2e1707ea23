"""Meter readings: sampled values at an instant, and the energy register in them.

A MeterValue is a set of SampledValues taken together (J01, J02). Values are exact decimals in the unit the
station used; `register` finds the one figure that is billed: the import register in Wh.
Defaults are the standard's: Energy.Active.Import.Register, Wh, Sample.Periodic, Outlet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from amperanto.domain.quantities import WattHours, scaled

ENERGY_IMPORT_REGISTER = "Energy.Active.Import.Register"
SAMPLE_PERIODIC = "Sample.Periodic"
TRANSACTION_BEGIN = "Transaction.Begin"
TRANSACTION_END = "Transaction.End"
OUTLET = "Outlet"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedValue:
    """A reading signed by its meter, kept as it came (OCMF, EDL …)."""

    data: str
    encoding: str = ""
    signing_method: str = ""
    public_key: str = ""


class SampledValue(NamedTuple):
    """One figure: `value`·10^`multiplier` in `unit`. `value` is None where only a signed reading came, or nonsense.

    A tuple, since stations tell many: it is made in a tenth of the time of a frozen dataclass.
    """

    value: Decimal | None
    measurand: str = ENERGY_IMPORT_REGISTER
    context: str = SAMPLE_PERIODIC
    phase: str | None = None
    location: str = OUTLET
    unit: str = "Wh"
    multiplier: int = 0
    signed: SignedValue | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterValue:
    """Figures sampled together at one instant."""

    at: datetime
    samples: tuple[SampledValue, ...]

    def register(self) -> WattHours | None:
        """The import register in Wh: the unphased outlet figure, or the sum of all three phases."""
        phases: dict[str, Decimal] = {}
        for sample in self.samples:
            if sample.value is None or sample.measurand != ENERGY_IMPORT_REGISTER or sample.location != OUTLET:
                continue
            energy = scaled(sample.value, sample.unit, "Wh", sample.multiplier)
            if energy is None:
                continue
            if sample.phase is None:
                return WattHours(energy)
            phases[sample.phase.removesuffix("-N")] = energy
        if {"L1", "L2", "L3"} <= phases.keys():
            return WattHours(phases["L1"] + phases["L2"] + phases["L3"])
        return None

    def has_context(self, context: str) -> bool:
        """Whether any figure was taken in that context."""
        for sample in self.samples:  # noqa: SIM110 - asked of each report, and any() takes three times as long
            if sample.context == context:
                return True
        return False


def readings(values: Iterable[MeterValue]) -> list[tuple[datetime, WattHours]]:
    """Every import register reading in these values, oldest first."""
    found = [(value.at, register) for value in values if (register := value.register()) is not None]
    return sorted(found, key=lambda reading: reading[0])
