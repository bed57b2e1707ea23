"""OCPP 2.x where it is lossy, or where a station says what nobody expects."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from amperanto.conformance.requirements import requirement
from amperanto.dialects import NotSpoken, PlainContext, dialect_for
from amperanto.domain import observations as seen
from amperanto.domain.decisions import TokenDecision, TransactionDecision
from amperanto.domain.meter_values import MeterValue, SampledValue
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import Availability, ChargingState, EvseRef, Hardware
from amperanto.domain.tokens import Authorization, AuthorizationStatus, Token
from amperanto.ocpp import v2
from amperanto.ocpp.versions import Version

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CONTEXT = PlainContext(clock=lambda: NOW)
DIALECT = dialect_for(Version.V21)
BEGUN = seen.TransactionStarted(at=NOW, reference="T-1", sequence=0, trigger="CablePluggedIn")


def event(**told: object) -> v2.TransactionEventRequest:
    fields: dict[str, object] = {
        "event_type": v2.TransactionEvent.UPDATED,
        "timestamp": NOW,
        "trigger_reason": v2.TriggerReason.TRIGGER,
        "seq_no": 1,
        "transaction_info": v2.Transaction(transaction_id="T-1"),
        **told,
    }
    return v2.TransactionEventRequest(**fields)  # type: ignore[arg-type]


def read(wire: v2.TransactionEventRequest) -> seen.TransactionReport:
    report = DIALECT.read(wire, CONTEXT)
    assert isinstance(report, seen.TransactionStarted | seen.TransactionContinued | seen.TransactionEnded)
    return report


def sampled(**told: object) -> SampledValue:
    value = v2.MeterValue(timestamp=NOW, sampled_value=[v2.SampledValue(**told)])  # type: ignore[arg-type]
    return read(event(meter_value=[value])).values[0].samples[0]


def test_the_three_event_types_are_three_reports() -> None:
    kinds = {str(kind): type(read(event(event_type=kind))) for kind in v2.TransactionEvent}
    assert kinds == {
        "Started": seen.TransactionStarted,
        "Updated": seen.TransactionContinued,
        "Ended": seen.TransactionEnded,
    }


def test_words_nobody_knows_do_not_lose_the_report() -> None:
    report = read(
        event(
            event_type=v2.TransactionEvent.keep("Paused"),
            trigger_reason=v2.TriggerReason.keep("Whim"),
            transaction_info=v2.Transaction(transaction_id="T-1", charging_state=v2.ChargingState.keep("Asleep")),
        )
    )
    assert isinstance(report, seen.TransactionContinued)
    assert (report.trigger, report.charging) == ("Whim", None)


def test_what_is_not_said_is_none_or_false() -> None:
    assert read(event()) == seen.TransactionContinued(at=NOW, reference="T-1", sequence=1, trigger="Trigger")
    assert read(event(offline=False)).offline is False


def test_connector_0_names_no_connector() -> None:
    assert read(event(evse=v2.EVSE(id=2, connector_id=0))).where == EvseRef(2)


@pytest.mark.parametrize(
    ("value", "figure"),
    [(5.0, "5"), (16.25, "16.25"), (0.1, "0.1"), (-0.0, "0"), (1e16, "10000000000000000")],
)
def test_a_json_number_is_its_shortest_decimal(value: float, figure: str) -> None:
    assert str(sampled(value=value).value) == figure


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e300])
def test_a_number_no_meter_means_is_no_figure(value: float) -> None:
    assert sampled(value=value).value is None


def test_a_multiplier_beyond_reason_leaves_no_figure() -> None:
    told = sampled(value=1.0, unit_of_measure=v2.UnitOfMeasure(unit="Wh", multiplier=10**9))
    assert (told.value, told.multiplier) == (None, 0)


def test_what_is_left_out_has_the_standards_default() -> None:
    assert sampled(value=1.0) == SampledValue(value=Decimal(1))
    assert sampled(value=1.0, measurand=v2.Measurand.VOLTAGE).unit == ""


def test_a_meter_reading_is_told_as_a_sample() -> None:
    (wire,) = DIALECT.write(replace(BEGUN, meter=WattHours.of("12.5")), CONTEXT)
    assert isinstance(wire, v2.TransactionEventRequest)
    (line,) = read(wire).values
    assert line == MeterValue(at=NOW, samples=(SampledValue(value=Decimal("12.5"), context="Transaction.Begin"),))


def test_a_meter_reading_is_not_told_twice() -> None:
    line = MeterValue(at=NOW, samples=(SampledValue(value=Decimal("12.5")),))
    (wire,) = DIALECT.write(replace(BEGUN, meter=WattHours.of("12.5"), values=(line,)), CONTEXT)
    assert isinstance(wire, v2.TransactionEventRequest)
    assert read(wire).values == (line,)


@pytest.mark.parametrize(
    "change",
    [
        {"reference": None},
        {"reference": "x" * 37},
        {"sequence": None},
        {"trigger": None},
        {"trigger": "Whim"},
        {"token": Token("TAG")},
        {"values": (MeterValue(at=NOW, samples=(SampledValue(value=None),)),)},
    ],
)
def test_a_report_2x_cannot_make_is_refused_before_the_wire(change: dict[str, object]) -> None:
    with pytest.raises(NotSpoken):
        DIALECT.write(replace(BEGUN, **change), CONTEXT)  # type: ignore[arg-type]


@requirement("C10-1")
def test_an_answer_speaks_of_a_token_only_when_one_was_told() -> None:
    answer = DIALECT.answer(event(), TransactionDecision(number=5), CONTEXT)
    assert answer == v2.TransactionEventResponse()
    refused = Authorization(status=AuthorizationStatus.NO_CREDIT, group="G", expires_at=NOW)
    answer = DIALECT.answer(event(), TransactionDecision(authorization=refused), CONTEXT)
    assert isinstance(answer, v2.TransactionEventResponse)
    assert answer.id_token_info == v2.IdTokenInfo(
        status=v2.AuthorizationStatus.NO_CREDIT,
        group_id_token=v2.IdToken(id_token="G", type="Central"),
        cache_expiry_date_time=NOW,
    )
    asked = v2.AuthorizeRequest(id_token=v2.IdToken(id_token="T", type="Central"))
    said = DIALECT.answer(asked, TokenDecision(authorization=refused), CONTEXT)
    assert said == v2.AuthorizeResponse(id_token_info=answer.id_token_info)


def test_an_outcome_in_no_known_word_is_a_refusal() -> None:
    told = v2.AuthorizeResponse(id_token_info=v2.IdTokenInfo(status=v2.AuthorizationStatus.keep("Perhaps")))
    heard = DIALECT.hear(seen.TokenPresented(token=Token("T", "Central")), [told], CONTEXT)
    assert heard == TokenDecision(authorization=Authorization(status=AuthorizationStatus.INVALID))


def line(component: str, variable: str, value: str, where: v2.EVSE | v2.UnsetType) -> v2.EventData:
    return v2.EventData(
        event_id=1,
        timestamp=NOW,
        trigger=v2.EventTrigger.DELTA,
        actual_value=value,
        event_notification_type=v2.EventNotification.HARD_WIRED_NOTIFICATION,
        component=v2.Component(name=component, evse=where),
        variable=v2.Variable(name=variable),
    )


def test_connector_states_are_found_among_events_in_their_order() -> None:
    place = v2.EVSE(id=1, connector_id=1)
    wire = v2.NotifyEventRequest(
        generated_at=NOW,
        seq_no=0,
        event_data=[
            line("Connector", "AvailabilityState", "Occupied", place),
            line("ConnectorPlugRetentionLock", "Problem", "true", place),
            line("connector", "availabilitystate", "Available", place),
            line("Connector", "AvailabilityState", "Resting", place),
            line("Connector", "AvailabilityState", "Available", v2.UNSET),
            line("EVSE", "AvailabilityState", "Available", v2.EVSE(id=1)),
        ],
    )
    told = DIALECT.read(wire, CONTEXT)
    assert isinstance(told, seen.EventsReported)
    states = [one.availability if isinstance(one, seen.ConnectorObserved) else None for one in told.events]
    assert states == [Availability.OCCUPIED, None, Availability.AVAILABLE, None, None, None]
    assert told.more is False


def test_states_told_together_are_different_events() -> None:
    state = seen.ConnectorObserved(where=EvseRef(1, 1), availability=Availability.AVAILABLE)
    other = replace(state, where=EvseRef(2, 1), charging=ChargingState.IDLE)
    (wire,) = DIALECT.write(seen.EventsReported(events=(state, other), at=NOW), CONTEXT)
    assert isinstance(wire, v2.NotifyEventRequest)
    one, two = wire.event_data
    assert one.event_id != two.event_id
    assert one.timestamp == NOW


@pytest.mark.parametrize("where", [EvseRef(0), EvseRef(1), EvseRef(1, 0)])
def test_only_connectors_have_a_state_to_tell(where: EvseRef) -> None:
    state = seen.ConnectorObserved(where=where, availability=Availability.AVAILABLE)
    for told in (state, seen.EventsReported(events=(state,), at=NOW)):
        with pytest.raises(NotSpoken, match="state of connectors only"):
            DIALECT.write(told, CONTEXT)


def test_a_state_nobody_knows_counts_as_unavailable() -> None:
    wire = v2.StatusNotificationRequest(
        timestamp=NOW, connector_status=v2.ConnectorStatus.keep("Resting"), evse_id=1, connector_id=1
    )
    told = DIALECT.read(wire, CONTEXT)
    assert isinstance(told, seen.ConnectorObserved)
    assert (told.availability, told.native) == (Availability.UNAVAILABLE, "Resting")


def test_readings_of_a_transaction_are_no_meter_values() -> None:
    line = MeterValue(at=NOW, samples=(SampledValue(value=Decimal(1)),))
    with pytest.raises(NotSpoken, match="TransactionEvent"):
        DIALECT.write(seen.MeterRead(where=EvseRef(1), values=(line,), reference="T-1"), CONTEXT)


def test_a_boot_without_a_reason_is_told_as_unknown() -> None:
    (wire,) = DIALECT.write(seen.StationBooted(hardware=Hardware(vendor="V", model="M")), CONTEXT)
    assert isinstance(wire, v2.BootNotificationRequest)
    assert (wire.reason, wire.charging_station.modem) == ("Unknown", v2.UNSET)


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("started", seen.TransactionStarted),
        ("ENDED", seen.TransactionEnded),
        ("updated", seen.TransactionContinued),
        ("Halted", seen.TransactionContinued),
    ],
)
def test_an_event_type_in_the_wrong_case_is_understood(word: str, kind: type) -> None:
    assert type(read(event(event_type=v2.TransactionEvent.keep(word)))) is kind
