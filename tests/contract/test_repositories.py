"""What goes in comes out the same, on every database, and belongs to one organisation."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from tests.contract.conftest import Clock, Opener

from amperanto.domain.meter_values import MeterValue, SampledValue, SignedValue
from amperanto.domain.observations import TransactionContinued, TransactionEnded, TransactionStarted
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import (
    DEFAULT_ORGANISATION,
    Availability,
    ChargingState,
    Connector,
    EvseRef,
    Fault,
    Hardware,
    OrganisationId,
    Registration,
    Station,
    StationId,
    Tolerance,
)  # fmt: skip
from amperanto.domain.tokens import Authorization, AuthorizationStatus, RegisteredToken, Token
from amperanto.domain.transactions import Transaction, TransactionState
from amperanto.stores.errors import ConflictError
from amperanto.stores.inbox import InboxEntry
from amperanto.stores.keys import ApiKey
from amperanto.stores.message_log import LoggedMessage
from amperanto.stores.reviews import Review
from amperanto.stores.store import Store

OURS, THEIRS = DEFAULT_ORGANISATION, OrganisationId("somebody-else")
S1 = StationId("station-1")
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
CARD = Token("Card-1", "ISO14443")
PLUG = EvseRef(1, 1)


@pytest.fixture(autouse=True)
async def _bounded():
    async with asyncio.timeout(30):
        yield


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def whole_station() -> Station:
    return Station(
        id=StationId("whole"), organisation=OURS, identity="Säule 1/2|+:%", registration=Registration.PENDING,
        admitted=Registration.REJECTED, heartbeat_interval=60, ping_interval=0, tolerance=Tolerance.STRICT, quiet=True,
        security_profile=2, password_hash="$argon2$", ocpp_version="2.0.1",
        hardware=Hardware(vendor="ACME", model="Duo", serial_number="1", firmware_version="2.4", meter_type="m"),
        last_seen=after(1.000001), booted_at=after(2), created_at=NOON,
    )  # fmt: skip


def whole_transaction() -> Transaction:
    started = TransactionStarted(
        at=NOON, reference="r", sequence=0, where=PLUG, token=CARD, meter=WattHours.of("10.50"), remote_start=7,
        reservation=8, offline=True, charging=ChargingState.EV_CONNECTED,
    )  # fmt: skip
    continued = TransactionContinued(
        at=after(5).astimezone(timezone(timedelta(hours=2))), reference="r", sequence=2,
        charging=ChargingState.CHARGING,
        values=(MeterValue(at=after(5), samples=(SampledValue(value=Decimal("12.00")),)),),
    )  # fmt: skip
    new = Transaction(id="t-1", organisation=OURS, station=S1, reference="r", number=2**31 - 1, received_at=NOON)
    outcome = Authorization(status=AuthorizationStatus.ACCEPTED, group="g", expires_at=after(99))
    return new.hear(started).hear(continued).authorized(outcome).flagged("odd")


async def test_a_station_comes_back_as_it_was(store: Store) -> None:
    async with store.unit() as unit:
        unit.stations.add(whole_station())
    assert await store.stations.by_id(StationId("whole")) == whole_station()
    assert await store.stations.by_identity(OURS, "SÄULE 1/2|+:%") == whole_station()


async def test_an_identity_is_unique_in_its_organisation_whatever_its_case(store: Store) -> None:
    async with store.unit() as unit:
        unit.stations.add(Station(id=S1, organisation=OURS, identity="cp-1"))
    with pytest.raises(ConflictError):
        async with store.unit() as unit:
            unit.stations.add(Station(id=StationId("s-2"), organisation=OURS, identity="CP-1"))
    assert [station.id for station in await store.stations.by_identity(None, "Cp-1")] == [S1]


async def test_a_station_of_an_organisation_nobody_made_is_refused(store: Store) -> None:
    with pytest.raises(ConflictError):
        async with store.unit() as unit:
            unit.stations.add(Station(id=S1, organisation=THEIRS, identity="cp-1"))


async def test_stations_are_listed_page_by_page(store: Store) -> None:
    async with store.unit() as unit:
        for number in range(7):
            pending = Registration.PENDING if number % 2 else Registration.ACCEPTED
            unit.stations.add(Station(
                id=StationId(f"s-{number}"), organisation=OURS, identity=f"CP_{number}", registration=pending,
            ))  # fmt: skip
    first = await store.stations.list(OURS, limit=4)
    second = await store.stations.list(OURS, limit=4, cursor=first.next)
    assert [station.identity for station in (*first.items, *second.items)] == [f"CP_{n}" for n in range(7)]
    assert second.next is None
    assert len((await store.stations.list(OURS, registration=Registration.PENDING)).items) == 3
    assert [station.identity for station in (await store.stations.list(OURS, contains="p_3")).items] == ["CP_3"]
    assert (await store.stations.list(OURS, contains="%")).items == ()
    assert (await store.stations.list(THEIRS)).items == ()


async def test_a_sign_of_life_is_no_change_of_revision(store: Store, station: Station) -> None:
    assert (await store.stations.by_id(station.id)) == station
    async with store.unit() as unit:
        unit.stations.seen(station.id, after(60))
    assert await store.stations.by_id(station.id) == replace(station, last_seen=after(60))


async def test_a_removed_station_is_gone(store: Store, station: Station) -> None:
    async with store.unit() as unit:
        unit.stations.remove(station)
    assert await store.stations.by_id(station.id) is None


async def test_a_token_comes_back_as_it_was_and_is_found_without_case(store: Store) -> None:
    token = RegisteredToken(
        id="t", organisation=OURS, token=CARD, status=AuthorizationStatus.BLOCKED, group="family", note="lost",
        expires_at=after(1), concurrent_limit=None, created_at=NOON,
    )  # fmt: skip
    async with store.unit() as unit:
        unit.tokens.add(token)
    assert await store.tokens.by_uid(OURS, "CARD-1") == token
    assert await store.tokens.by_uid(THEIRS, "CARD-1") is None
    async with store.unit() as unit:
        saved = unit.tokens.save(replace(token, status=AuthorizationStatus.ACCEPTED, concurrent_limit=2))
    assert await store.tokens.by_uid(OURS, "card-1") == saved
    assert (await store.tokens.list(OURS, status=AuthorizationStatus.ACCEPTED)).items == (saved,)
    async with store.unit() as unit:
        unit.tokens.remove(saved)
    assert await store.tokens.by_uid(OURS, "card-1") is None


async def test_a_transaction_comes_back_as_it_was(store: Store, clock: Clock) -> None:
    transaction = whole_transaction()
    async with store.unit() as unit:
        unit.transactions.add(transaction)
    kept = await store.transactions.get(OURS, "t-1")
    assert kept == transaction
    assert kept is not None
    assert str(kept.meter_start and kept.meter_start.value) == "10.50"
    assert await store.transactions.get(THEIRS, "t-1") is None
    assert await store.transactions.by_reference(S1, "r") == transaction
    assert await store.transactions.by_number(S1, 2**31 - 1) == transaction
    assert await store.transactions.open_at(S1) == [transaction]
    again = await store.transactions.same_start(
        S1, where=PLUG, token=Token("CARD-1"), at=NOON, meter=WattHours.of("10.5")
    )
    assert again == transaction
    other = await store.transactions.same_start(
        S1, where=PLUG, token=Token("CARD-2"), at=NOON, meter=WattHours.of("10.5")
    )
    assert other is None


async def test_an_ended_transaction_is_no_longer_open_for_anybody(store: Store) -> None:
    async with store.unit() as unit:
        unit.transactions.add(whole_transaction())
    open_one = await store.transactions.by_reference(S1, "r")
    assert open_one is not None
    assert await store.transactions.open_of_token(OURS, CARD.key) == 1
    assert await store.transactions.open_of_token(OURS, CARD.key, except_id="t-1") == 0
    async with store.unit() as unit:
        ended = unit.transactions.save(open_one.hear(TransactionEnded(at=after(9), sequence=3, reason="Local")))
    assert await store.transactions.by_reference(S1, "r") == ended
    assert ended.state is TransactionState.ENDED
    assert await store.transactions.open_at(S1) == []
    assert await store.transactions.open_of_token(OURS, CARD.key) == 0


async def test_a_refused_transaction_does_not_count_against_its_token(store: Store) -> None:
    refused = whole_transaction().authorized(Authorization(status=AuthorizationStatus.CONCURRENT_TX))
    async with store.unit() as unit:
        unit.transactions.add(refused)
    assert await store.transactions.open_of_token(OURS, CARD.key) == 0
    assert await store.transactions.open_at(S1) == [refused]


async def test_a_number_is_given_once_and_an_open_reference_too(store: Store) -> None:
    one = whole_transaction()
    async with store.unit() as unit:
        unit.transactions.add(one)
    for twin in (replace(one, id="t-2", reference="x"), replace(one, id="t-3", number=3)):
        with pytest.raises(ConflictError):
            async with store.unit() as unit:
                unit.transactions.add(twin)


async def test_a_reference_used_again_after_the_end_is_a_new_transaction(store: Store) -> None:
    old = replace(whole_transaction(), number=None).hear(TransactionEnded(at=after(9), sequence=3))
    new = Transaction(id="t-2", organisation=OURS, station=S1, reference="r", started_at=after(20))
    async with store.unit() as unit:
        unit.transactions.add(old)
    async with store.unit() as unit:
        unit.transactions.add(new)
    assert await store.transactions.by_reference(S1, "r") == new


async def test_transactions_are_listed_newest_first_and_filtered(store: Store) -> None:
    async with store.unit() as unit:
        for number in range(6):
            unit.transactions.add(Transaction(
                id=f"t-{number}", organisation=OURS, station=StationId(f"s-{number % 2}"), reference=str(number),
                state=TransactionState.ENDED if number < 2 else TransactionState.OPEN, started_at=after(number),
            ))  # fmt: skip
    first = await store.transactions.list(OURS, limit=4)
    rest = await store.transactions.list(OURS, limit=4, cursor=first.next)
    assert [one.id for one in (*first.items, *rest.items)] == [f"t-{n}" for n in reversed(range(6))]
    chosen = await store.transactions.list(
        OURS, station=StationId("s-0"), state=TransactionState.OPEN, started_from=after(2), started_to=after(4)
    )
    assert [one.id for one in chosen.items] == ["t-2"]


async def test_readings_told_twice_are_kept_once_and_print_as_they_were_said(store: Store) -> None:
    signed = SignedValue(data="OCMF|x", encoding="OCMF")
    samples = (
        SampledValue(value=Decimal("1.50"), unit="kWh"),
        SampledValue(value=None, signed=signed, measurand="Power.Active.Import", phase="L1", location="Inlet"),
        SampledValue(value=Decimal(-3), unit="W", multiplier=3, context="Transaction.End"),
    )
    values = [MeterValue(at=after(n), samples=samples) for n in range(3)]
    for _ in range(2):
        async with store.unit() as unit:
            unit.meter_values.add(OURS, S1, values, where=PLUG, transaction="t-1")
    async with store.unit() as unit:
        unit.meter_values.add(OURS, S1, values, where=PLUG, transaction="t-2")
    first = await store.meter_values.of_transaction(OURS, "t-1", limit=2)
    rest = await store.meter_values.of_transaction(OURS, "t-1", limit=2, cursor=first.next)
    assert [*first.items, *rest.items] == values
    assert str(first.items[0].samples[0].value) == "1.50"
    assert (await store.meter_values.of_transaction(THEIRS, "t-1")).items == ()


def plugged(availability: Availability, seconds: float, **more: object) -> Connector:
    return Connector(station=S1, where=PLUG, availability=availability, since=after(seconds), **more)  # type: ignore[arg-type]


async def test_each_state_of_a_connector_is_an_interval(store: Store) -> None:
    fault = Fault(code="GroundFailure", vendor_code="7")
    told = [
        plugged(Availability.AVAILABLE, 0),
        plugged(Availability.AVAILABLE, 10),  # the same again: nothing changed
        plugged(Availability.OCCUPIED, 20, charging=ChargingState.CHARGING),
        plugged(Availability.FAULTED, 15, fault=fault),  # told late
    ]
    changed: list[bool] = []
    for connector in told:
        async with store.unit() as unit:
            changed.append(await unit.connectors.observe(OURS, connector))
    assert changed == [True, False, True, True]
    assert await store.connectors.of(OURS, S1) == [replace(told[3], since=after(20))]
    kept = await store.connectors.intervals(OURS, S1, NOON, after(100))
    assert [(one.availability, one.begin, one.end) for one in kept] == [
        (Availability.AVAILABLE, NOON, after(20)),
        (Availability.OCCUPIED, after(20), after(20)),
        (Availability.FAULTED, after(20), None),
    ]
    assert kept[2].fault == fault


async def test_two_states_in_one_unit_are_two_intervals(store: Store) -> None:
    async with store.unit() as unit:
        await unit.connectors.observe(OURS, plugged(Availability.AVAILABLE, 0))
        await unit.connectors.observe(OURS, plugged(Availability.OCCUPIED, 5))
        await unit.connectors.observe(OURS, Connector(
            station=S1, where=EvseRef(0), availability=Availability.AVAILABLE, since=NOON,
        ))  # fmt: skip
    kept = [one for one in await store.connectors.intervals(OURS, S1, NOON, after(100)) if one.where == PLUG]
    assert [(one.begin, one.end) for one in kept] == [(NOON, after(5)), (after(5), None)]
    assert {connector.where for connector in await store.connectors.of(OURS, S1)} == {EvseRef(0), PLUG}


async def test_every_connection_is_an_interval_with_its_cause(store: Store, station: Station) -> None:
    first = await store.connections.take(S1, "node", remote="10.0.0.1", version="1.6", at=NOON)
    second = await store.connections.take(S1, "node", remote="10.0.0.2", version="2.1", at=after(10))
    assert not await store.connections.release(S1, first, at=after(11), close_code=1006, cause="lost")
    assert await store.connections.release(S1, second, at=after(20), close_code=1000, cause="closed by the station")
    assert not await store.connections.release(S1, second, at=after(21), close_code=1000, cause="again")
    kept = await store.connections.intervals(OURS, S1, NOON, after(100))
    assert [(one.fence, one.end, one.close_code, one.version) for one in kept] == [
        (first, after(10), None, "1.6"),
        (second, after(20), 1000, "2.1"),
    ]
    third = await store.connections.take(S1, "node", remote="10.0.0.3", version="1.6", at=after(30))
    assert (first, second, third) == (1, 2, 3)


async def test_what_a_node_held_when_it_died_is_ended_when_the_station_was_last_heard(
    store: Store, station: Station
) -> None:
    fence = await store.connections.take(S1, "node", remote="a", version="1.6", at=NOON)
    async with store.unit() as unit:
        unit.stations.seen(S1, after(3))
    assert await store.connections.close_orphans("another", after(1)) == []
    left = await store.connections.close_orphans("node", after(5))
    assert [connection.station for connection in left] == [S1]
    kept = await store.connections.intervals(OURS, S1, NOON, after(100))
    assert [(one.fence, one.end, one.cause) for one in kept] == [(fence, after(3), "node restarted")]
    assert await store.connections.close_orphans("node", after(6)) == []


def frame(number: int, **more: object) -> LoggedMessage:
    kept = {"action": "Heartbeat", "message_id": str(number), **more}
    return LoggedMessage(
        at=after(number // 2), organisation=OURS, station=S1, connection=1, number=number, direction="in",
        frame=f"[2,\"{number}\",\"Heartbeat\",{{}}]", **kept,  # type: ignore[arg-type]
    )  # fmt: skip


async def test_the_message_log_is_listed_newest_first_in_the_order_the_reader_gave(store: Store) -> None:
    odd = frame(7, action="BootNotification", result="refused", violations=("a: b",))
    async with store.unit() as unit:
        unit.messages.append(odd)
    store.messages.log_later([frame(number) for number in range(7)])
    first = await store.messages.list(OURS, limit=5)
    rest = await store.messages.list(OURS, limit=5, before=first.next)
    assert [one.number for one in (*first.items, *rest.items)] == [7, 6, 5, 4, 3, 2, 1, 0]
    assert first.items[0] == odd
    assert (await store.messages.list(OURS, station=S1, action="BootNotification")).items == (odd,)
    assert [one.number for one in (await store.messages.list(OURS, before=after(1).isoformat())).items] == [1, 0]
    assert (await store.messages.list(THEIRS)).items == ()


async def test_old_frames_go_in_small_steps(store: Store) -> None:
    store.messages.log_later([frame(number) for number in range(20)])
    await store.flush()
    removed = [await store.messages.prune(after(5), 4) for _ in range(4)]
    assert removed == [4, 4, 2, 0]
    assert len((await store.messages.list(OURS)).items) == 10


async def test_a_frame_may_hold_any_character(store: Store) -> None:
    async with store.unit() as unit:
        unit.messages.append(replace(frame(1), frame="null \x00, smile \U0001f600"))
    kept = (await store.messages.list(OURS)).items[0].frame
    assert kept.replace("\u2400", "\x00") == "null \x00, smile \U0001f600"


async def test_a_flood_of_frames_nobody_waits_for_loses_the_oldest_and_counts_them(store: Store) -> None:
    store.messages.log_later([frame(number) for number in range(20_100)])
    assert store.dropped == 100
    await store.flush()
    assert store.dropped == 100
    assert (await store.messages.list(OURS, limit=1)).items[0].number == 20_099


async def test_a_station_that_knocks_again_is_one_entry(store: Store) -> None:
    for number in range(3):
        async with store.unit() as unit:
            unit.inbox.knock(InboxEntry(
                organisation=OURS, identity="New" if number else "NEW", first_seen=after(number),
                last_seen=after(number), remote=f"r{number}", offered=("ocpp1.6", "ocpp2.0.1"), reason="unknown",
            ))  # fmt: skip
    entry = await store.inbox.get(OURS, "new")
    assert entry is not None
    assert (entry.tries, entry.first_seen, entry.last_seen, entry.remote) == (3, NOON, after(2), "r2")
    assert entry.offered == ("ocpp1.6", "ocpp2.0.1")
    assert (await store.inbox.list(OURS)).items == (entry,)
    async with store.unit() as unit:
        unit.inbox.remove(OURS, "nEw")
    assert await store.inbox.get(OURS, "new") is None


async def test_the_inbox_keeps_the_latest_thousand(store: Store) -> None:
    for part in range(3):
        async with store.unit() as unit:
            for number in range(part * 400, part * 400 + 400):
                unit.inbox.knock(InboxEntry(
                    organisation=OURS, identity=f"n-{number:04}", first_seen=after(number), last_seen=after(number),
                ))  # fmt: skip
    kept = await store.inbox.list(OURS, limit=1000)
    assert kept.next is None
    assert kept.items[0].identity == "n-0200"


async def test_a_key_is_found_by_its_hash_and_removed(store: Store) -> None:
    key = ApiKey(id="k", organisation=OURS, name="admin", hash="h", scopes=("read", "raw"), created_at=NOON)
    async with store.unit() as unit:
        unit.keys.add(key)
    assert await store.keys.by_hash("h") == key
    assert await store.keys.list(OURS) == [key]
    assert await store.keys.list(THEIRS) == []
    async with store.unit() as unit:
        unit.keys.add(replace(key, id="boss", hash="b", scopes=("admin", "raw")))
    with pytest.raises(ConflictError):
        async with store.unit() as unit:
            unit.keys.remove(THEIRS, "k")
    async with store.unit() as unit:
        unit.keys.remove(OURS, "k")
    assert await store.keys.by_hash("h") is None


async def test_the_last_administrators_key_is_never_removed_not_even_by_two_at_once(store: Store) -> None:
    first = ApiKey(id="1", organisation=OURS, name="one", hash="1", scopes=("admin",), created_at=NOON)
    async with store.unit() as unit:
        unit.keys.add(first)
        unit.keys.add(replace(first, id="2", hash="2"))

    async def remove(key: str) -> None:
        async with store.unit() as unit:
            unit.keys.remove(OURS, key)

    outcomes = await asyncio.gather(remove("1"), remove("2"), return_exceptions=True)
    assert sorted(str(type(outcome).__name__) for outcome in outcomes) == ["ConflictError", "NoneType"]
    assert len(await store.keys.list(OURS)) == 1


async def test_a_review_waits_until_a_person_settles_it(store: Store) -> None:
    reviews = [
        Review(id=f"r-{n}", organisation=OURS, station=S1, at=NOON, action="StopTransaction", message="{", problem="?")
        for n in range(3)
    ]
    async with store.unit() as unit:
        for review in reviews:
            unit.reviews.add(review)
    async with store.unit() as unit:
        unit.reviews.settle(OURS, "r-1", after(1))
    assert [one.id for one in (await store.reviews.list(OURS)).items] == ["r-2", "r-0"]
    assert len((await store.reviews.list(OURS, open_only=False)).items) == 3
    with pytest.raises(ConflictError):
        async with store.unit() as unit:
            unit.reviews.settle(THEIRS, "r-0", after(1))


async def test_the_hot_path_of_a_connected_station_asks_the_database_nothing(
    url: str, open_store: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await open_store(url)
    async with store.unit() as unit:
        unit.stations.add(Station(id=S1, organisation=OURS, identity="CP-1"))
    async with store.unit() as unit:
        unit.transactions.add(whole_transaction())
    expected = await store.stations.by_id(S1), await store.transactions.by_reference(S1, "r")

    async def read(*_: object) -> None:
        raise AssertionError("a query")

    monkeypatch.setattr(store._database, "read", read)
    async with store.unit() as unit:
        assert (await unit.stations.by_id(S1), await unit.transactions.by_reference(S1, "r")) == expected
