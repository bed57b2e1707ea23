"""J. Meter values, as OCPP 1.6 says them: figures as text, and transactions by number.

A text that is no figure ("", NaN) is a sample without a value. A signed reading is a sample of its own here,
so a figure that has one becomes two samples. What is left out has the standard's default; Frequency, whose
only unit the first edition forgot to list, is best sent without one.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from amperanto.dialects.context import StationContext
from amperanto.dialects.errors import NotSpoken
from amperanto.dialects.measures import HERTZ, measured_in, settled, spelled
from amperanto.dialects.v16.words import CONNECTOR, V16, connector, number
from amperanto.dialects.wording import aware, figure, plain, word, word_or_unset
from amperanto.domain.decisions import Noted, TransactionDecision
from amperanto.domain.meter_values import (
    OUTLET,
    SAMPLE_PERIODIC,
    MeterValue,
    SampledValue,
    SignedValue,
    readings,
)
from amperanto.domain.observations import MeterRead
from amperanto.domain.quantities import WattHours
from amperanto.ocpp import v16

SAMPLE_DROPS = {
    "values.samples.multiplier": "1.6 writes the figure out; the multiplier is multiplied in",
    "values.samples.signed": "a signed reading is a sample of its own in 1.6",
    "values.samples.signed.encoding": "1.6 sends signed data bare",
    "values.samples.signed.signing_method": "1.6 sends signed data bare",
    "values.samples.signed.public_key": "1.6 sends signed data bare",
}
NOTED = Noted()
FREQUENCY = "Frequency"


def default_unit(measurand: str) -> str:
    """The unit of a figure told without one; empty where the standard names none."""
    if measurand.startswith("Energy"):
        return "Wh"
    return HERTZ if measurand == FREQUENCY else ""


def read_values(told: Iterable[v16.MeterValue]) -> tuple[MeterValue, ...]:
    """The readings told; those without a single sample are left out."""
    return tuple(
        MeterValue(at=aware(value.timestamp), samples=settled(tuple([_read(one) for one in value.sampled_value])))
        for value in told
        if value.sampled_value
    )


def write_values(values: Iterable[MeterValue]) -> list[v16.MeterValue]:
    """The readings to tell. Raises NotSpoken for words 1.6 does not have."""
    return [
        v16.MeterValue(
            timestamp=aware(value.at),
            sampled_value=[one for sample in value.samples for one in _write(sample)],
        )
        for value in values
        if value.samples
    ]


def _read(sample: v16.SampledValue) -> SampledValue:
    unit = None if sample.unit is v16.UNSET else spelled(sample.unit)
    measurand = plain(sample.measurand) or measured_in(unit)
    signed = sample.format == v16.ValueFormat.SIGNED_DATA
    return SampledValue(
        None if signed else figure(sample.value),
        measurand,
        plain(sample.context) or SAMPLE_PERIODIC,
        plain(sample.phase),
        plain(sample.location) or OUTLET,
        default_unit(measurand) if unit is None else unit,
        signed=SignedValue(data=sample.value) if signed else None,
    )


def _write(sample: SampledValue) -> list[v16.SampledValue]:
    told: list[v16.SampledValue] = []
    if sample.value is not None or sample.signed is None:
        told.append(_sample(sample, _text(sample.value, sample.multiplier), v16.UNSET))
    if sample.signed is not None:
        told.append(_sample(sample, sample.signed.data, v16.ValueFormat.SIGNED_DATA))
    return told


def _sample(sample: SampledValue, value: str, form: v16.ValueFormat | v16.UnsetType) -> v16.SampledValue:
    implied = not sample.unit or (sample.measurand == FREQUENCY and sample.unit == HERTZ)
    return v16.SampledValue(
        value=value,
        format=form,
        measurand=word(v16.Measurand, sample.measurand, "measurand"),
        context=word(v16.ReadingContext, sample.context, "reading context"),
        phase=word_or_unset(v16.Phase, sample.phase, "phase"),
        location=word(v16.Location, sample.location, "location"),
        unit=v16.UNSET if implied else word(v16.UnitOfMeasure, sample.unit, "unit"),
    )


def _text(value: Decimal | None, multiplier: int) -> str:
    if value is None:
        return ""
    return format(value.scaleb(multiplier) if multiplier else value, "f")


def register_of(meter: WattHours | None, values: tuple[MeterValue, ...], *, last: bool) -> int:
    """The meter reading a start or stop must tell, whole Wh. Raises NotSpoken where no meter told one."""
    if meter is None:
        found = readings(values)
        if not found:
            raise NotSpoken("OCPP 1.6 must tell the meter with a start or a stop")
        meter = found[-1 if last else 0][1]
    return int(meter)


@V16.exchange(v16.MeterValuesRequest, MeterRead, drops={"where.connector": CONNECTOR, **SAMPLE_DROPS})
class MeterValues:
    """Readings of a connector, with the number of the transaction they belong to."""

    @staticmethod
    def read(wire: v16.MeterValuesRequest, context: StationContext) -> MeterRead:
        transaction = wire.transaction_id
        return MeterRead(
            where=context.topology.place(wire.connector_id),
            values=read_values(wire.meter_value),
            reference=None if isinstance(transaction, v16.UnsetType) else str(transaction),
        )

    @staticmethod
    def write(neutral: MeterRead, context: StationContext) -> v16.MeterValuesRequest:
        values = write_values(neutral.values)
        if not values:
            raise NotSpoken("there is no reading to tell")
        return v16.MeterValuesRequest(
            connector_id=connector(neutral.where, context),
            meter_value=values,
            transaction_id=v16.UNSET if neutral.reference is None else number(neutral.reference),
        )

    @staticmethod
    def answer(wire: v16.MeterValuesRequest, said: Noted, context: StationContext) -> v16.MeterValuesResponse:
        return v16.MeterValuesResponse()

    @staticmethod
    def hear(neutral: MeterRead, answer: v16.MeterValuesResponse, context: StationContext) -> Noted:
        return NOTED


@V16.acknowledge("MeterValues")
def _acknowledge(decision: TransactionDecision) -> v16.MeterValuesResponse:
    return v16.MeterValuesResponse()
