"""J. Meter values, as OCPP 2.x says them: JSON numbers with unit and multiplier.

A JSON number is read as its shortest decimal. What is left out has the standard's default; a figure without
unit that is no energy has none here either. A number no meter can mean, or multiplied beyond 10^±30, is no
figure.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from amperanto.dialects.context import StationContext
from amperanto.dialects.errors import NotSpoken
from amperanto.dialects.measures import measured_in, settled, spelled
from amperanto.dialects.v2.words import V2
from amperanto.dialects.wording import MAGNITUDE, aware, figure_of, fitting, word
from amperanto.domain.decisions import Noted
from amperanto.domain.meter_values import (
    OUTLET,
    SAMPLE_PERIODIC,
    MeterValue,
    SampledValue,
    SignedValue,
)
from amperanto.domain.observations import MeterRead
from amperanto.domain.stations import EvseRef
from amperanto.ocpp import v2

SAMPLE_DROPS = {"values.samples.value": "a JSON number has about 15 digits"}
NOTED = Noted()
_MEASURANDS = {str(one): one for one in v2.Measurand}
_CONTEXTS = {str(one): one for one in v2.ReadingContext}
_PHASES = {str(one): one for one in v2.Phase}
_LOCATIONS = {str(one): one for one in v2.Location}
MOST_KNOWN = 4096

_Said: TypeAlias = tuple[
    v2.Measurand | v2.UnsetType, v2.ReadingContext | v2.UnsetType, v2.Phase | v2.UnsetType,
    v2.Location | v2.UnsetType, str | v2.UnsetType, int | v2.UnsetType,
]  # fmt: skip


class _Known(NamedTuple):
    """What a sample is about, in our words, and whether its figure can be meant."""

    words: tuple[str, str, str | None, str, str, int]
    counts: bool


_KNOWN: dict[_Said, _Known] = {}


def read_values(told: Iterable[v2.MeterValue]) -> tuple[MeterValue, ...]:
    """The readings told; those without a single sample are left out."""
    return tuple(
        [
            MeterValue(at=aware(value.timestamp), samples=settled(_read(value.sampled_value)))
            for value in told
            if value.sampled_value
        ]
    )


def write_values(values: Iterable[MeterValue]) -> list[v2.MeterValue]:
    """The readings to tell. Raises NotSpoken for words 2.x does not have."""
    return [
        v2.MeterValue(timestamp=aware(value.at), sampled_value=[_write(one) for one in value.samples])
        for value in values
        if value.samples
    ]


def _read(samples: Iterable[v2.SampledValue]) -> tuple[SampledValue, ...]:
    """The samples of one instant, in one loop: most of what stations tell is this."""
    found: list[SampledValue] = []
    for sample in samples:
        measure, signed = sample.unit_of_measure, sample.signed_meter_value
        unit = multiplier = v2.UNSET
        if measure is not v2.UNSET:
            unit, multiplier = measure.unit, measure.multiplier
        said = (sample.measurand, sample.context, sample.phase, sample.location, unit, multiplier)
        known = _KNOWN.get(said) or _learned(said)
        value = figure_of(sample.value) if known.counts else None
        found.append(SampledValue(value, *known.words, None if signed is v2.UNSET else _read_signed(signed)))
    return tuple(found)


def _learned(said: _Said) -> _Known:
    """What a sample is about; a station says the same thing about each of its samples for years, so it is kept."""
    measurand, context, phase, location, unit, multiplier = said
    named = None if isinstance(unit, v2.UnsetType) else spelled(unit)
    measured = measured_in(named) if isinstance(measurand, v2.UnsetType) else str(measurand)
    power = 0 if isinstance(multiplier, v2.UnsetType) else multiplier
    counts = -MAGNITUDE <= power <= MAGNITUDE
    words = (
        measured,
        SAMPLE_PERIODIC if isinstance(context, v2.UnsetType) else str(context),
        None if isinstance(phase, v2.UnsetType) else str(phase),
        OUTLET if isinstance(location, v2.UnsetType) else str(location),
        ("Wh" if measured.startswith("Energy") else "") if named is None else named,
        power if counts else 0,
    )
    if len(_KNOWN) >= MOST_KNOWN:
        _KNOWN.clear()  # strangers' words must not fill the memory
    known = _KNOWN[said] = _Known(words, counts)
    return known


def _read_signed(told: v2.SignedMeterValue) -> SignedValue:
    return SignedValue(
        data=told.signed_meter_data,
        encoding=told.encoding_method,
        signing_method=v2.or_none(told.signing_method) or "",
        public_key=v2.or_none(told.public_key) or "",
    )


def _write(sample: SampledValue) -> v2.SampledValue:
    if sample.value is None:
        raise NotSpoken("in OCPP 2.x every sample has a figure")
    phase, signed = sample.phase, sample.signed
    return v2.SampledValue(
        value=float(sample.value),
        measurand=_MEASURANDS.get(sample.measurand) or word(v2.Measurand, sample.measurand, "measurand"),
        context=_CONTEXTS.get(sample.context) or word(v2.ReadingContext, sample.context, "reading context"),
        phase=v2.UNSET if phase is None else _PHASES.get(phase) or word(v2.Phase, phase, "phase"),
        location=_LOCATIONS.get(sample.location) or word(v2.Location, sample.location, "location"),
        unit_of_measure=_unit(sample.unit, sample.multiplier),
        signed_meter_value=v2.UNSET if signed is None else _write_signed(signed),
    )


def _unit(unit: str, multiplier: int) -> v2.UnitOfMeasure | v2.UnsetType:
    if not unit and not multiplier:
        return v2.UNSET
    return v2.UnitOfMeasure(unit=fitting(unit, 20, "unit") if unit else v2.UNSET, multiplier=multiplier or v2.UNSET)


def _write_signed(signed: SignedValue) -> v2.SignedMeterValue:
    # 2.0.1 requires all four.
    return v2.SignedMeterValue(
        signed_meter_data=signed.data,
        encoding_method=signed.encoding,
        signing_method=signed.signing_method,
        public_key=signed.public_key,
    )


@V2.exchange(
    v2.MeterValuesRequest,
    MeterRead,
    drops={"where.connector": "2.x reads the meter of an EVSE", **SAMPLE_DROPS},
)
class MeterValues:
    """Readings that belong to no transaction."""

    @staticmethod
    def read(wire: v2.MeterValuesRequest, context: StationContext) -> MeterRead:
        return MeterRead(where=EvseRef(wire.evse_id), values=read_values(wire.meter_value))

    @staticmethod
    def write(neutral: MeterRead, context: StationContext) -> v2.MeterValuesRequest:
        if neutral.reference is not None:
            raise NotSpoken("OCPP 2.x tells the readings of a transaction by TransactionEvent")
        values = write_values(neutral.values)
        if not values:
            raise NotSpoken("there is no reading to tell")
        return v2.MeterValuesRequest(evse_id=neutral.where.evse, meter_value=values)

    @staticmethod
    def answer(wire: v2.MeterValuesRequest, said: Noted, context: StationContext) -> v2.MeterValuesResponse:
        return v2.MeterValuesResponse()

    @staticmethod
    def hear(neutral: MeterRead, answer: v2.MeterValuesResponse, context: StationContext) -> Noted:
        return NOTED
