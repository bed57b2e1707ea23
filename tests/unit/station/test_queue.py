"""Transaction reports reach the CSMS in order, whatever the line does."""

from itertools import pairwise

import pytest
from tests.unit.station.scripted import ALL, DRIVER, EPOCH, SILENCE, TWO, Refusal, reports, scene

from amperanto.conformance.requirements import requirement
from amperanto.domain.quantities import WattHours
from amperanto.ocpp import Version
from amperanto.station import Answered, Vehicle

PATIENT = {("OCPPCommCtrlr", "MessageAttempts"): 3, ("OCPPCommCtrlr", "MessageAttemptInterval"): 60}
ABOUT_TRANSACTIONS = ("StartTransaction", "MeterValues", "StopTransaction", "TransactionEvent")


async def charge_offline(station, csms, clock):
    """The line breaks, a car charges for an hour, and the line comes back."""
    csms.unreachable = True
    csms.cut()
    await clock.advance(1)
    await station.plug_in(1, Vehicle())
    assert (await clock.until(station.present(DRIVER, 1))).accepted
    await clock.advance(3600)
    await clock.until(station.present(DRIVER, 1))
    await station.unplug(1)
    csms.unreachable = False
    await clock.advance(120)


@requirement("E04-S1", "E08-S1", "E12-S1")
@pytest.mark.parametrize("version", TWO)
async def test_2x_tells_afterwards_what_happened_offline_with_its_time(version):
    async with scene(version) as (station, csms, clock):
        await charge_offline(station, csms, clock)
        told = reports(csms)
        assert all(one["offline"] is True for one in told)
        assert [one["seqNo"] for one in told] == list(range(len(told)))
        assert told[0]["timestamp"] == "2026-01-01T00:00:02.000Z"
        assert told[-1]["timestamp"] == "2026-01-01T01:00:02.000Z"
        assert (told[0]["eventType"], told[-1]["eventType"]) == ("Started", "Ended")
        assert station.queued == 0


@requirement("1.6:Offline-S1")
async def test_16_gives_its_queued_messages_the_number_of_the_late_start():
    async with scene(Version.V16) as (station, csms, clock):
        await charge_offline(station, csms, clock)
        told = [one for one in csms.heard if one.action in ABOUT_TRANSACTIONS]
        assert told[0].action == "StartTransaction"
        assert told[0].payload["timestamp"] == "2026-01-01T00:00:02.000Z"
        assert told[-1].action == "StopTransaction"
        assert {one.payload["transactionId"] for one in told[1:]} == {41}
        assert told[-1].payload["meterStop"] == 11_040


@requirement("B04-2")
@pytest.mark.parametrize("version", ALL)
async def test_a_plain_reconnect_boots_no_second_time(version):
    async with scene(version) as (station, csms, clock):
        await charge_offline(station, csms, clock)
        assert len(csms.of("BootNotification")) == 1


@requirement("E13.FR.02", "1.6:Retry-S1")
@pytest.mark.parametrize("version", ALL)
async def test_a_report_the_csms_fails_to_process_is_repeated_then_given_up(version):
    def prepare(csms):
        csms.answers["StartTransaction"] = csms.answers["TransactionEvent"] = Refusal("InternalError")

    async with scene(version, prepare=prepare, variables=PATIENT) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(59)
        assert len(csms.of("StartTransaction", "TransactionEvent")) == 1
        await clock.advance(1 + 119)
        assert len(csms.of("StartTransaction", "TransactionEvent")) == 2
        await clock.advance(2)
        told = csms.of(*ABOUT_TRANSACTIONS)
        assert told[0] == told[1] == told[2]
        assert told[3] != told[0]


@requirement("1.6:StopTransaction-S8")
async def test_16_says_minus_one_for_a_start_that_was_never_confirmed():
    def prepare(csms):
        csms.answers["StartTransaction"] = Refusal("InternalError")

    async with scene(Version.V16, prepare=prepare, variables=PATIENT) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(600)
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(1)
        assert len(csms.of("StartTransaction")) == 3
        assert {one["transactionId"] for one in csms.of("MeterValues", "StopTransaction")} == {-1}


@pytest.mark.parametrize("version", ALL)
async def test_an_answer_that_never_comes_counts_as_a_failure(version):
    async with scene(version, impatient=True, variables=PATIENT) as (station, csms, clock):
        obliging = csms.answers.get("TransactionEvent", csms.answers["StartTransaction"])
        csms.answers["StartTransaction"] = csms.answers["TransactionEvent"] = SILENCE
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(89)
        csms.answers["StartTransaction"] = obliging
        csms.answers["TransactionEvent"] = {}
        assert len(csms.of("StartTransaction", "TransactionEvent")) == 1
        await clock.advance(2)
        told = csms.of("StartTransaction", "TransactionEvent")
        assert told[0] == told[1]
        assert station.queued == 0


@pytest.mark.parametrize("version", ALL)
async def test_a_broken_line_costs_no_attempt_and_the_report_is_repeated_as_it_was(version):
    once = {**PATIENT, ("OCPPCommCtrlr", "MessageAttempts"): 1}
    async with scene(version, variables=once) as (station, csms, clock):
        obliging = csms.answers["StartTransaction"]
        csms.answers["StartTransaction"] = csms.answers["TransactionEvent"] = lambda _: csms.cut() or SILENCE
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(60)
        csms.answers["StartTransaction"] = obliging
        csms.answers["TransactionEvent"] = {}
        await clock.advance(60)
        told = csms.of("StartTransaction", "TransactionEvent")
        assert len(told) > 2
        assert told[0] == told[1]
        assert station.queued == 0


@requirement("E11-S1")
@pytest.mark.parametrize("version", TWO)
async def test_what_waited_behind_the_break_is_told_as_offline(version):
    async with scene(version) as (station, csms, clock):
        csms.answers["TransactionEvent"] = lambda _: csms.cut() or SILENCE
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(1)
        csms.answers["TransactionEvent"] = {}
        await clock.advance(30)
        started, repeated, charging = reports(csms)[:3]
        assert started == repeated
        assert charging["offline"] is True


async def test_other_messages_overtake_a_report_that_waits_for_its_retry():
    def prepare(csms):
        csms.answers["TransactionEvent"] = Refusal("InternalError")

    async with scene(Version.V201, prepare=prepare, variables=PATIENT) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(10)
        assert await csms.ask("TriggerMessage", {"requestedMessage": "Heartbeat"}) == {"status": "Accepted"}
        assert csms.actions()[-1] == "Heartbeat"
        assert len(reports(csms)) == 1


@requirement("E12.FR.04", "E11.FR.05")
@pytest.mark.parametrize("version", TWO)
async def test_a_long_time_offline_thins_samples_but_never_start_and_end(version):
    async with scene(version, variables={("SampledDataCtrlr", "TxUpdatedInterval"): 1}) as (station, csms, clock):
        csms.unreachable = True
        csms.cut()
        await clock.advance(1)
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(2_500)
        await station.unplug(1)
        assert station.queued < 2_000
        csms.unreachable = False
        await clock.advance(120)
        told = reports(csms)
        assert (told[0]["eventType"], told[-1]["eventType"]) == ("Started", "Ended")
        numbers = [one["seqNo"] for one in told]
        assert numbers == sorted(numbers)
        assert numbers[-1] > 2_400
        steps = {later - sooner for sooner, later in pairwise(numbers)}
        assert steps == {1, 2}, "only every second report went, and none twice in a row"


@pytest.mark.parametrize("version", ALL)
async def test_the_journal_holds_what_was_answered_and_nothing_else(version):
    def prepare(csms):
        csms.answers["Authorize"] = Refusal("InternalError")

    async with scene(version, prepare=prepare) as (station, csms, clock):
        lines: list[Answered] = []
        before = len(station.journal)
        station.when_answered(lines.append)
        await station.plug_in(1, Vehicle(wants=WattHours.of(100)))
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(200)
        assert [one.message.action for one in station.journal] == [a for a in csms.actions() if a != "Authorize"]
        assert lines == station.journal[before:]
        assert station.journal[0].at.isoformat(timespec="milliseconds").startswith(EPOCH[:19])
