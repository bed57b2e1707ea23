"""OCPP 1.6 where it is lossy, or other than 2.x: what the law alone does not pin down."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from amperanto.conformance.requirements import requirement
from amperanto.dialects import NotSpoken, PlainContext, Topology, dialect_for
from amperanto.domain import observations as seen
from amperanto.domain.decisions import Noted, TokenDecision, TransactionDecision
from amperanto.domain.meter_values import MeterValue, SampledValue, SignedValue
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import Availability, ChargingState, EvseRef, Fault
from amperanto.domain.tokens import Authorization, AuthorizationStatus, Token
from amperanto.ocpp import v2, v16
from amperanto.ocpp.shapes import Message, Response
from amperanto.ocpp.versions import Version

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CONTEXT = PlainContext(clock=lambda: NOW)
DIALECT = dialect_for(Version.V16)
ACCEPTED = Authorization(status=AuthorizationStatus.ACCEPTED)


def sample(value: str, **told: object) -> SampledValue:
    wire = v16.MeterValuesRequest(
        connector_id=1,
        meter_value=[v16.MeterValue(timestamp=NOW, sampled_value=[v16.SampledValue(value=value, **told)])],  # type: ignore[arg-type]
    )
    read = DIALECT.read(wire, CONTEXT)
    assert isinstance(read, seen.MeterRead)
    return read.values[0].samples[0]


def told(value: SampledValue) -> list[v16.SampledValue]:
    read = seen.MeterRead(where=EvseRef(1, 1), values=(MeterValue(at=NOW, samples=(value,)),))
    (wire,) = DIALECT.write(read, CONTEXT)
    assert isinstance(wire, v16.MeterValuesRequest)
    return wire.meter_value[0].sampled_value


# --- meter values


@requirement("1.6:MeterValues-3")
def test_what_is_left_out_has_the_standards_default() -> None:
    assert sample("12.50") == SampledValue(
        value=Decimal("12.50"),
        measurand="Energy.Active.Import.Register",
        context="Sample.Periodic",
        location="Outlet",
        unit="Wh",
    )


@pytest.mark.parametrize("value", ["", "  ", "NaN", "inf", "-Infinity", "1,5", "1_000", "abc", "1e999999999"])
def test_a_text_that_is_no_figure_is_no_value(value: str) -> None:
    assert sample(value).value is None


@pytest.mark.parametrize(("value", "figure"), [(" 230.1", "230.1"), ("1e3", "1000"), ("-0.5 ", "-0.5")])
def test_a_figure_is_read_exactly(value: str, figure: str) -> None:
    assert sample(value).value == Decimal(figure)


def test_a_figure_keeps_its_digits() -> None:
    assert str(sample("12.500").value) == "12.500"
    assert told(SampledValue(value=Decimal("1E+3")))[0].value == "1000"


def test_units_are_read_in_one_spelling() -> None:
    temperature = {"measurand": v16.Measurand.TEMPERATURE}
    assert sample("20", unit=v16.UnitOfMeasure.CELCIUS, **temperature).unit == "Celsius"
    assert sample("50", measurand=v16.Measurand.FREQUENCY).unit == "Hertz"
    assert sample("50", measurand=v16.Measurand.FREQUENCY, unit=v16.UnitOfMeasure.keep("Hz")).unit == "Hertz"
    assert sample("230", measurand=v16.Measurand.VOLTAGE).unit == ""


def test_a_word_outside_the_vocabulary_is_read_as_text_and_never_written() -> None:
    assert sample("1", measurand=v16.Measurand.keep("Acme.Secret")).measurand == "Acme.Secret"
    with pytest.raises(NotSpoken, match="measurand"):
        told(SampledValue(value=Decimal(1), measurand="Acme.Secret"))


def test_a_multiplier_is_multiplied_in() -> None:
    assert told(SampledValue(value=Decimal("1.5"), multiplier=3))[0].value == "1500"


def test_a_figure_with_a_signed_reading_becomes_two_samples() -> None:
    raw, signed = told(SampledValue(value=Decimal(5), signed=SignedValue(data="OCMF|x", encoding="OCMF")))
    assert (raw.value, raw.format) == ("5", v16.UNSET)
    assert (signed.value, signed.format) == ("OCMF|x", "SignedData")


def test_signed_data_is_no_figure() -> None:
    read = sample("123", format=v16.ValueFormat.SIGNED_DATA)
    assert (read.value, read.signed) == (None, SignedValue(data="123"))


def test_an_empty_line_of_samples_is_left_out() -> None:
    wire = v16.MeterValuesRequest(
        connector_id=0, meter_value=[v16.MeterValue(timestamp=NOW, sampled_value=[])], transaction_id=0
    )
    assert DIALECT.read(wire, CONTEXT) == seen.MeterRead(where=EvseRef(0), values=(), reference="0")
    with pytest.raises(NotSpoken, match="no reading"):
        DIALECT.write(seen.MeterRead(where=EvseRef(1), values=()), CONTEXT)


# --- transactions

START = seen.TransactionStarted(at=NOW, where=EvseRef(2, 1), token=Token("TAG"), meter=WattHours(Decimal("12.9")))


def test_a_start_has_no_reference_and_tells_whole_watt_hours() -> None:
    (wire,) = DIALECT.write(START, CONTEXT)
    assert wire == v16.StartTransactionRequest(connector_id=2, id_tag="TAG", meter_start=12, timestamp=NOW)
    read = DIALECT.read(wire, CONTEXT)
    assert isinstance(read, seen.TransactionStarted)
    assert read.reference is None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"token": None}, "with a token"),
        ({"where": None}, "which connector"),
        ({"meter": None}, "the meter"),
        ({"token": Token("x" * 21)}, "longer than 20"),
    ],
)
def test_a_start_1_6_cannot_tell_is_refused(change: dict[str, object], why: str) -> None:
    with pytest.raises(NotSpoken, match=why):
        DIALECT.write(replace(START, **change), CONTEXT)  # type: ignore[arg-type]


def test_the_register_among_the_values_serves_as_meter() -> None:
    first = MeterValue(at=NOW, samples=(SampledValue(value=Decimal("1.5"), unit="kWh"),))
    (wire,) = DIALECT.write(
        seen.TransactionStarted(at=NOW, where=EvseRef(1), token=Token("T"), values=(first,)), CONTEXT
    )
    assert isinstance(wire, v16.StartTransactionRequest)
    assert wire.meter_start == 1500


def test_a_start_is_always_answered_with_a_number() -> None:
    (wire,) = DIALECT.write(START, CONTEXT)
    blocked = Authorization(status=AuthorizationStatus.BLOCKED)
    answer = DIALECT.answer(wire, TransactionDecision(number=5, authorization=blocked), CONTEXT)
    assert answer == v16.StartTransactionResponse(
        transaction_id=5, id_tag_info=v16.IdTagInfo(status=v16.AuthorizationStatus.BLOCKED)
    )
    with pytest.raises(NotSpoken, match="number"):
        DIALECT.answer(wire, TransactionDecision(authorization=ACCEPTED), CONTEXT)


@pytest.mark.parametrize(("number", "reference"), [(-1, "-1"), (0, "0"), (2**31 - 1, "2147483647")])
def test_a_transaction_number_is_told_as_it_came(number: int, reference: str) -> None:
    stop = v16.StopTransactionRequest(transaction_id=number, meter_stop=1, timestamp=NOW)
    read = DIALECT.read(stop, CONTEXT)
    assert isinstance(read, seen.TransactionEnded)
    assert read.reference == reference
    assert DIALECT.write(read, CONTEXT) == [stop]


@pytest.mark.parametrize("reference", [None, "", "abc", "007", "1.0", " 1"])
def test_what_is_no_number_is_no_1_6_transaction(reference: str | None) -> None:
    stop = seen.TransactionEnded(at=NOW, reference=reference, meter=WattHours.of(1))
    with pytest.raises(NotSpoken, match="no such number"):
        DIALECT.write(stop, CONTEXT)


def stopped(reason: v16.Reason) -> seen.TransactionEnded:
    wire = v16.StopTransactionRequest(transaction_id=1, meter_stop=1, timestamp=NOW, reason=reason)
    read = DIALECT.read(wire, CONTEXT)
    assert isinstance(read, seen.TransactionEnded)
    return read


def test_stop_reasons_are_told_in_2x_words() -> None:
    assert stopped(v16.Reason.EV_DISCONNECTED).reason == "EVDisconnected"
    assert stopped(v16.Reason.HARD_RESET).reason == "ImmediateReset"
    assert stopped(v16.Reason.SOFT_RESET).reason == "ImmediateReset"
    unlocked = stopped(v16.Reason.UNLOCK_COMMAND)
    assert (unlocked.reason, unlocked.trigger) == ("Other", "UnlockCommand")


def test_every_1_6_reason_is_read_into_a_2x_reason() -> None:
    for reason in v16.Reason:
        assert stopped(reason).reason in {one.value for one in v2.Reason}


def test_a_reason_1_6_lacks_is_said_as_other() -> None:
    stop = seen.TransactionEnded(at=NOW, reference="1", meter=WattHours.of(1), reason="GroundFault")
    (wire,) = DIALECT.write(stop, CONTEXT)
    assert isinstance(wire, v16.StopTransactionRequest)
    assert wire.reason == "Other"


def test_the_command_to_unlock_stays_the_reason() -> None:
    (wire,) = DIALECT.write(stopped(v16.Reason.UNLOCK_COMMAND), CONTEXT)
    assert isinstance(wire, v16.StopTransactionRequest)
    assert wire.reason == "UnlockCommand"


# --- tokens


@requirement("1.6:Authorize-1")
@pytest.mark.parametrize("status", AuthorizationStatus)
def test_a_token_is_accepted_only_when_it_is_accepted(status: AuthorizationStatus) -> None:
    decision = TokenDecision(authorization=Authorization(status=status))
    answer = DIALECT.answer(v16.AuthorizeRequest(id_tag="T"), decision, CONTEXT)
    assert isinstance(answer, v16.AuthorizeResponse)
    same = {"Accepted", "Blocked", "ConcurrentTx", "Expired", "Invalid"}
    assert answer.id_tag_info.status == (status if status in same else "Invalid")


@requirement("C10-1")
def test_every_answer_about_a_token_says_until_when_it_holds() -> None:
    outcome = Authorization(status=AuthorizationStatus.ACCEPTED, group="G", expires_at=NOW)
    info = v16.IdTagInfo(status=v16.AuthorizationStatus.ACCEPTED, parent_id_tag="G", expiry_date=NOW)
    asked = DIALECT.answer(v16.AuthorizeRequest(id_tag="T"), TokenDecision(authorization=outcome), CONTEXT)
    assert asked == v16.AuthorizeResponse(id_tag_info=info)
    decision = TransactionDecision(number=5, authorization=outcome)
    start = v16.StartTransactionRequest(connector_id=1, id_tag="T", meter_start=0, timestamp=NOW)
    assert DIALECT.answer(start, decision, CONTEXT) == v16.StartTransactionResponse(transaction_id=5, id_tag_info=info)
    stop = v16.StopTransactionRequest(transaction_id=5, id_tag="T", meter_stop=1, timestamp=NOW)
    assert DIALECT.answer(stop, decision, CONTEXT) == v16.StopTransactionResponse(id_tag_info=info)


def test_a_group_that_does_not_fit_is_left_out_rather_than_cut() -> None:
    outcome = Authorization(status=AuthorizationStatus.ACCEPTED, group="g" * 21)
    answer = DIALECT.answer(v16.AuthorizeRequest(id_tag="T"), TokenDecision(authorization=outcome), CONTEXT)
    assert isinstance(answer, v16.AuthorizeResponse)
    assert answer.id_tag_info.parent_id_tag is v16.UNSET


# --- states


def status(word: str, error: str = "NoError") -> seen.ConnectorObserved:
    wire = v16.StatusNotificationRequest(
        connector_id=1,
        error_code=v16.ChargePointErrorCode.keep(error),
        status=v16.ChargePointStatus.keep(word),
        info="details",
    )
    read = DIALECT.read(wire, CONTEXT)
    assert isinstance(read, seen.ConnectorObserved)
    return read


def test_nine_words_unfold_into_two_states() -> None:
    found = {str(word): (status(word).availability, status(word).charging) for word in v16.ChargePointStatus}
    occupied = Availability.OCCUPIED
    assert found == {
        "Available": (Availability.AVAILABLE, None),
        "Preparing": (occupied, ChargingState.EV_CONNECTED),
        "Charging": (occupied, ChargingState.CHARGING),
        "SuspendedEVSE": (occupied, ChargingState.SUSPENDED_EVSE),
        "SuspendedEV": (occupied, ChargingState.SUSPENDED_EV),
        "Finishing": (occupied, ChargingState.EV_CONNECTED),
        "Reserved": (Availability.RESERVED, None),
        "Unavailable": (Availability.UNAVAILABLE, None),
        "Faulted": (Availability.FAULTED, None),
    }


def test_a_status_nobody_knows_counts_as_unavailable_and_is_kept() -> None:
    read = status("Resting")
    assert (read.availability, read.native) == (Availability.UNAVAILABLE, "Resting")


def test_an_error_is_a_fault_whatever_the_status() -> None:
    assert status("Charging", "GroundFailure").fault == Fault(code="GroundFailure", info="details")
    assert status("Charging", "Error").fault == Fault(code="Error", info="details")
    assert status("Charging").fault is None


@pytest.mark.parametrize(
    ("availability", "charging", "native", "word"),
    [
        (Availability.OCCUPIED, None, None, "Preparing"),
        (Availability.OCCUPIED, ChargingState.IDLE, None, "Preparing"),
        (Availability.OCCUPIED, ChargingState.SUSPENDED_EV, None, "SuspendedEV"),
        (Availability.OCCUPIED, ChargingState.EV_CONNECTED, "Finishing", "Finishing"),
        (Availability.AVAILABLE, ChargingState.IDLE, None, "Available"),
        (Availability.FAULTED, ChargingState.CHARGING, "NoSuchWord", "Faulted"),
    ],
)
def test_the_word_is_found_from_the_states(
    availability: Availability, charging: ChargingState | None, native: str | None, word: str
) -> None:
    observed = seen.ConnectorObserved(where=EvseRef(1, 1), availability=availability, charging=charging, native=native)
    (wire,) = DIALECT.write(observed, CONTEXT)
    assert isinstance(wire, v16.StatusNotificationRequest)
    assert wire.status == word


# --- commands


def test_an_evse_of_two_connectors_is_changed_connector_by_connector() -> None:
    context = PlainContext(Topology({1: EvseRef(1, 1), 2: EvseRef(1, 2)}))
    request = v2.ChangeAvailabilityRequest(operational_status=v2.OperationalStatus.INOPERATIVE, evse=v2.EVSE(id=1))
    wires = DIALECT.write(request, context)
    assert [wire.connector_id for wire in wires if isinstance(wire, v16.ChangeAvailabilityRequest)] == [1, 2]
    answers: list[Response] = [
        v16.ChangeAvailabilityResponse(status=one)
        for one in (v16.AvailabilityStatus.ACCEPTED, v16.AvailabilityStatus.SCHEDULED)
    ]
    heard = DIALECT.hear(request, answers, context)
    assert heard == v2.ChangeAvailabilityResponse(status=v2.ChangeAvailabilityStatus.SCHEDULED)


@pytest.mark.parametrize(
    "request_",
    [
        v2.ResetRequest(type=v2.Reset.IMMEDIATE, evse_id=1),
        v2.ResetRequest(type=v2.Reset.IMMEDIATE_AND_RESUME),
        v2.TriggerMessageRequest(requested_message=v2.MessageTrigger.TRANSACTION_EVENT),
        v2.RequestStopTransactionRequest(transaction_id="a-uuid"),
        v2.UnlockConnectorRequest(evse_id=1, connector_id=2),
        v2.DataTransferRequest(vendor_id="x", data={"a": 1}),
        v2.RequestStartTransactionRequest(id_token=v2.IdToken(id_token="x" * 21, type="Central"), remote_start_id=1),
    ],
)
def test_a_command_1_6_cannot_say_is_refused_before_the_wire(request_: Message) -> None:
    with pytest.raises(NotSpoken):
        DIALECT.write(request_, CONTEXT)


@pytest.mark.parametrize(
    ("message", "kind", "word"),
    [
        ("Heartbeat", v16.TriggerMessageRequest, "Heartbeat"),
        ("LogStatusNotification", v16.ExtendedTriggerMessageRequest, "LogStatusNotification"),
        ("SignChargingStationCertificate", v16.ExtendedTriggerMessageRequest, "SignChargePointCertificate"),
    ],
)
def test_the_extended_trigger_is_used_only_where_it_alone_has_the_word(
    message: str, kind: type[object], word: str
) -> None:
    request = v2.TriggerMessageRequest(requested_message=v2.MessageTrigger(message))
    (wire,) = DIALECT.write(request, CONTEXT)
    assert isinstance(wire, kind)
    assert isinstance(wire, v16.TriggerMessageRequest | v16.ExtendedTriggerMessageRequest)
    assert wire.requested_message == word


def test_the_two_triggers_are_answered_each_in_its_own_words() -> None:
    wire = v16.ExtendedTriggerMessageRequest(requested_message=v16.ExtendedMessageTrigger.LOG_STATUS_NOTIFICATION)
    said = v2.TriggerMessageResponse(status=v2.TriggerMessageStatus.NOT_IMPLEMENTED)
    answer = DIALECT.answer(wire, said, CONTEXT)
    assert isinstance(answer, v16.ExtendedTriggerMessageResponse)
    assert answer.status == "NotImplemented"


def test_an_answer_with_other_data_than_text_is_written_as_json() -> None:
    wire = v16.DataTransferRequest(vendor_id="x")
    said = v2.DataTransferResponse(status=v2.DataTransferStatus.ACCEPTED, data={"a": [1]})
    answer = DIALECT.answer(wire, said, CONTEXT)
    assert isinstance(answer, v16.DataTransferResponse)
    assert answer.data == '{"a":[1]}'


def test_both_reports_of_a_firmware_update_keep_their_own_message() -> None:
    plain = v16.FirmwareStatusNotificationRequest(status=v16.FirmwareStatus.INSTALLED)
    assert DIALECT.read(plain, CONTEXT) == seen.FirmwareProgressed(status="Installed", signed=False)
    assert DIALECT.answer(plain, Noted(), CONTEXT) == v16.FirmwareStatusNotificationResponse()
    with pytest.raises(NotSpoken, match="firmware status"):
        DIALECT.write(seen.FirmwareProgressed(status="InvalidSignature", signed=False), CONTEXT)


def test_a_failed_upload_has_one_name() -> None:
    wire = v16.DiagnosticsStatusNotificationRequest(status=v16.DiagnosticsStatus.UPLOAD_FAILED)
    read = seen.LogProgressed(status="UploadFailure", diagnostics=True)
    assert DIALECT.read(wire, CONTEXT) == read
    assert DIALECT.write(read, CONTEXT) == [wire]


# --- reservation


def reserving(**more: object) -> v2.ReserveNowRequest:
    card = v2.IdToken(id_token="CAFE", type="ISO14443")
    return v2.ReserveNowRequest(id=7, expiry_date_time=NOW, id_token=card, **more)  # type: ignore[arg-type]


def test_any_evse_is_connector_0() -> None:
    """H01; 1.6 ReserveNow."""
    (wire,) = DIALECT.write(reserving(), CONTEXT)
    assert isinstance(wire, v16.ReserveNowRequest)
    assert wire.connector_id == 0
    read = DIALECT.read(wire, CONTEXT)
    assert isinstance(read, v2.ReserveNowRequest)
    assert read.evse_id is v2.UNSET


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"connector_type": "cCCS2"}, "type of connector"),
        ({"id_token": v2.IdToken(id_token="X" * 21, type="Central")}, "idTag"),
        ({"group_id_token": v2.IdToken(id_token="X" * 21, type="Central")}, "parentIdTag"),
    ],
)
def test_what_would_reserve_something_else_is_not_spoken(more: dict[str, object], why: str) -> None:
    request = reserving(**{name: value for name, value in more.items() if name != "id_token"})
    if "id_token" in more:
        request = v2.ReserveNowRequest(id=7, expiry_date_time=NOW, id_token=more["id_token"])  # type: ignore[arg-type]
    with pytest.raises(NotSpoken, match=why):
        DIALECT.write(request, CONTEXT)


def test_the_end_of_a_reservation_has_no_word() -> None:
    with pytest.raises(NotSpoken, match="end of a reservation"):
        DIALECT.write(seen.ReservationEnded(number=7, status="Expired"), CONTEXT)
