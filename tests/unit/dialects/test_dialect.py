"""What the gateway and the station in software rely on, whatever the version."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from amperanto.dialects import NotSpoken, PlainContext, dialect_for
from amperanto.dialects.drops import page
from amperanto.domain import observations
from amperanto.domain.decisions import Noted, TransactionDecision
from amperanto.domain.stations import EvseRef
from amperanto.domain.tokens import Authorization, AuthorizationStatus
from amperanto.ocpp import v2, v16
from amperanto.ocpp.catalogue import exchanges
from amperanto.ocpp.codec import Codec, Mode
from amperanto.ocpp.versions import Version

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CONTEXT = PlainContext(clock=lambda: NOW)


def test_every_2x_command_passes_as_itself() -> None:
    reset = v2.ResetRequest(type=v2.Reset.ON_IDLE)
    answer = v2.ResetResponse(status=v2.ResetStatus.SCHEDULED)
    for version in (Version.V201, Version.V21):
        dialect = dialect_for(version)
        assert dialect.write(reset, CONTEXT) == [reset]
        assert dialect.read(reset, CONTEXT) is reset
        assert dialect.answer(reset, answer, CONTEXT) is answer
        assert dialect.hear(reset, [answer], CONTEXT) is answer


def test_an_action_of_2_1_is_not_spoken_in_2_0_1() -> None:
    tariffs = v2.GetTariffsRequest(evse_id=1)
    assert dialect_for(Version.V21).can(v2.GetTariffsRequest, CONTEXT)
    assert not dialect_for(Version.V201).can(v2.GetTariffsRequest, CONTEXT)
    with pytest.raises(NotSpoken, match=r"OCPP 2\.0\.1 has no GetTariffs"):
        dialect_for(Version.V201).write(tariffs, CONTEXT)


def test_what_1_6_could_say_and_we_cannot_yet_names_the_way_out() -> None:
    dialect = dialect_for(Version.V16)
    assert not dialect.can(v2.SetChargingProfileRequest)
    with pytest.raises(NotSpoken, match="comes later; use raw ClearChargingProfile"):
        dialect.write(v2.ClearChargingProfileRequest(charging_profile_id=1), CONTEXT)


def test_what_1_6_has_no_word_for_is_not_spoken() -> None:
    dialect = dialect_for(Version.V16)
    assert dialect.why_not(v2.SetDisplayMessageRequest) == "OCPP 1.6 has no SetDisplayMessage"
    assert dialect.why_not(observations.EventsReported) == "OCPP 1.6 has no EventsReported"
    assert dialect.can(v2.ResetRequest)
    assert dialect.can(observations.TransactionStarted)
    assert not dialect.can(observations.TransactionContinued)


def test_a_2x_event_is_none_of_1_6s() -> None:
    told = observations.TransactionContinued(at=NOW, reference="1")
    with pytest.raises(NotSpoken, match="MeterValues"):
        dialect_for(Version.V16).write(told, CONTEXT)


def test_a_1_6_message_without_an_exchange_is_not_understood() -> None:
    with pytest.raises(NotSpoken, match=r"SignCertificate of OCPP 1\.6"):
        dialect_for(Version.V16).read(v16.SignCertificateRequest(csr="x"), CONTEXT)


def test_a_decision_is_no_answer_to_a_2x_question() -> None:
    with pytest.raises(NotSpoken, match="Noted is no answer"):
        dialect_for(Version.V21).answer(v2.ClearCacheRequest(), Noted(), CONTEXT)


@pytest.mark.parametrize("version", Version)
def test_every_acknowledgement_is_valid_in_its_version(version: Version) -> None:
    dialect, codec = dialect_for(version), Codec(version, Mode.STRICT)
    decision = TransactionDecision(number=7, authorization=Authorization(status=AuthorizationStatus.ACCEPTED))
    empty = []
    for row in exchanges(version):
        answer = dialect.acknowledgement(row.action, decision)
        if answer is not None:
            assert row.response is not None
            assert codec.decode(row.response, codec.encode(answer)).message == answer
            empty.append(row.action)
    expected = {
        Version.V16: {"StartTransaction", "StopTransaction", "MeterValues", "StatusNotification"},
        Version.V201: {"TransactionEvent", "MeterValues", "StatusNotification", "NotifyReport"},
        Version.V21: {"TransactionEvent", "MeterValues", "NotifyEvent", "NotifySettlement"},
    }[version]
    assert expected <= set(empty)
    assert "BootNotification" not in empty
    assert "Authorize" not in empty


def test_an_unreadable_start_is_acknowledged_with_its_number_and_refused() -> None:
    dialect = dialect_for(Version.V16)
    assert dialect.acknowledgement("StartTransaction") is None
    answer = dialect.acknowledgement("StartTransaction", TransactionDecision(number=9))
    assert isinstance(answer, v16.StartTransactionResponse)
    assert (answer.transaction_id, answer.id_tag_info.status) == (9, "Invalid")


def test_an_unknown_action_is_not_acknowledged() -> None:
    assert dialect_for(Version.V21).acknowledgement("NoSuchAction") is None
    assert dialect_for(Version.V21).acknowledgement("NotifyPeriodicEventStream") is None


def test_only_1_6_may_be_let_in_before_its_boot() -> None:
    assert [dialect_for(version).lenient_before_boot for version in Version] == [True, False, False]


def test_the_page_of_drops_is_printed_from_the_exchanges() -> None:
    printed = Path(__file__).parents[3] / "docs" / "topics" / "what-is-dropped.md"
    assert page() in printed.read_text(), "run: make docs"


def test_no_declared_drop_is_without_a_reason() -> None:
    assert "`remote_start_id` | kept on our side" in page()
    assert "|  |" not in page()


def test_naive_instants_count_as_utc() -> None:
    naive = NOW.replace(tzinfo=None)
    read = dialect_for(Version.V16).read(v16.SecurityEventNotificationRequest(type="x", timestamp=naive), CONTEXT)
    assert isinstance(read, observations.SecurityIncident)
    assert read.at == NOW
    (wire,) = dialect_for(Version.V21).write(observations.SecurityIncident(kind="x", at=naive), CONTEXT)
    assert isinstance(wire, v2.SecurityEventNotificationRequest)
    assert wire.timestamp == NOW


def test_a_place_is_looked_up_only_where_the_message_does_not_name_it() -> None:
    context = PlainContext(transactions={"5": EvseRef(3, 1)})
    stop = v16.StopTransactionRequest(transaction_id=5, meter_stop=1, timestamp=NOW)
    read = dialect_for(Version.V16).read(stop, context)
    assert isinstance(read, observations.TransactionEnded)
    assert read.where == EvseRef(3, 1)
