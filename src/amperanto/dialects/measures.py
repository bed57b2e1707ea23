"""What figures measure, where a station says it in its own way (quirks.md §6).

Units are read in any case and in the spellings the field has. A figure without a measurand is energy, unless its
unit cannot be energy's. A phase that is none is left out where the figure is the only one of its measurand, so that
it counts for the whole; among several it is kept as told, since nobody can say which is which.
"""

from __future__ import annotations

from collections import Counter

from amperanto.domain.meter_values import ENERGY_IMPORT_REGISTER, SampledValue

HERTZ = "Hertz"
UNITS = (
    "Wh", "kWh", "varh", "kvarh", "W", "kW", "VA", "kVA", "var", "kvar", "A", "V", "K", "Celsius", "Fahrenheit",
    "Percent", HERTZ,
)  # fmt: skip
_SPELLED = {unit.casefold(): unit for unit in UNITS} | {
    "celcius": "Celsius", "c": "Celsius", "°c": "Celsius", "hz": HERTZ, "%": "Percent",
}  # fmt: skip
_MEASURED = {
    "A": "Current.Import", "V": "Voltage", "W": "Power.Active.Import", "kW": "Power.Active.Import",
    "Celsius": "Temperature", "Percent": "SoC", HERTZ: "Frequency",
}  # fmt: skip
_PHASES = frozenset({None, "L1", "L2", "L3", "N", "L1-N", "L2-N", "L3-N", "L1-L2", "L2-L3", "L3-L1"})


def spelled(unit: str) -> str:
    """The unit as the standard spells it; a unit of no standard as it was told."""
    return _SPELLED.get(unit.strip().casefold(), unit)


def measured_in(unit: str | None) -> str:
    """What a figure in that unit measures that does not say so."""
    return _MEASURED.get(unit or "", ENERGY_IMPORT_REGISTER)


def settled(samples: tuple[SampledValue, ...]) -> tuple[SampledValue, ...]:
    """Figures taken together, without the phases that are none."""
    for sample in samples:
        if sample.phase not in _PHASES:
            break
    else:
        return samples
    several = Counter((one.measurand, one.location) for one in samples)
    return tuple(
        one._replace(phase=None) if one.phase not in _PHASES and several[one.measurand, one.location] == 1 else one
        for one in samples
    )
