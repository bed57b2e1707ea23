"""D01, D02: which list a station is sent, in which parts, and what is kept of its answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from amperanto.conformance.requirements import requirement
from amperanto.csms.errors import StationBusy, StationOffline, StationSilent
from amperanto.domain.device_model import Attribute, Characteristics, KnownVariable, VariableRef
from amperanto.domain.local_lists import Wanted
from amperanto.domain.stations import DEFAULT_ORGANISATION, Registration
from amperanto.domain.tokens import AuthorizationStatus, RegisteredToken, Token, TokenGroup
from amperanto.ocpp import v2
from amperanto.ocpp.errors import CallRefused, Code

FULL, DIFFERENTIAL = "Full", "Differential"


@dataclass
class Listing:
    """A station's list behind its socket: it does as the standard says until it is told otherwise."""

    version: int = 0
    listed: dict[str, str] = field(default_factory=dict)
    sent: list[v2.SendLocalListRequest] = field(default_factory=list)
    calls: int = 0
    room: dict[str, str] = field(default_factory=lambda: {"ItemsPerMessage": "100"})
    instead: dict[int, Any] = field(default_factory=dict)
    """What the n-th SendLocalList (from 1) gets instead of being obeyed."""
    says: Any = None
    """What GetLocalListVersion gets instead."""
    sayable: Callable[[str], bool] = lambda uid: True

    async def call(self, request: Any, *, timeout: float | None = None, urgent: bool = False) -> Any:
        self.calls += 1
        if isinstance(request, v2.GetLocalListVersionRequest):
            return _raised(v2.GetLocalListVersionResponse(version_number=self.version if self.says is None else -1)
                           if not isinstance(self.says, Exception) else self.says)  # fmt: skip
        if isinstance(request, v2.GetVariablesRequest):
            return v2.GetVariablesResponse(get_variable_result=[self._read(one) for one in request.get_variable_data])
        assert isinstance(request, v2.SendLocalListRequest)
        self.sent.append(request)
        told = self.instead.get(len(self.sent))
        if told is not None:
            return _raised(
                v2.SendLocalListResponse(status=v2.SendLocalListStatus(told)) if isinstance(told, str) else told
            )
        return v2.SendLocalListResponse(status=self._obey(request))

    def _read(self, asked: v2.GetVariableData) -> v2.GetVariableResult:
        value = self.room.get(asked.variable.name)
        return v2.GetVariableResult(
            attribute_status="UnknownVariable" if value is None else "Accepted",  # type: ignore[arg-type]
            component=asked.component,
            variable=asked.variable,
            attribute_value=v2.unless_none(value),
        )

    def _obey(self, request: v2.SendLocalListRequest) -> v2.SendLocalListStatus:
        if request.update_type == FULL:
            self.listed = {}
        elif request.version_number <= self.version:
            return v2.SendLocalListStatus.VERSION_MISMATCH
        for line in v2.or_none(request.local_authorization_list) or []:
            info = v2.or_none(line.id_token_info)
            if info is None:
                del self.listed[line.id_token.id_token]
            else:
                self.listed[line.id_token.id_token] = str(info.status.value)
        self.version = request.version_number
        return v2.SendLocalListStatus.ACCEPTED

    def fits(self, request: v2.SendLocalListRequest) -> bool:
        return all(self.sayable(line.id_token.id_token) for line in v2.or_none(request.local_authorization_list) or [])

    @property
    def told(self) -> list[tuple[str, int, list[str]]]:
        """What was sent: kind, version and uids."""
        return [
            (
                str(one.update_type.value),
                one.version_number,
                [line.id_token.id_token for line in v2.or_none(one.local_authorization_list) or []],
            )
            for one in self.sent
        ]


def _raised(told: Any) -> Any:
    if isinstance(told, Exception):
        raise told
    return told


async def placed(house: Any, **changes: Any) -> tuple[Any, Listing]:
    """A station that is accepted, and what it has behind its socket."""
    teller = await house.station(admitted=Registration.ACCEPTED, **changes)
    behind = Listing()
    teller.call, teller.fits = behind.call, behind.fits
    return teller, behind


async def sync(house: Any, teller: Any, **how: Any) -> Any:
    return await house.csms.local_lists.sync(teller.station, **how)


async def change(house: Any, uid: str, **changes: Any) -> None:
    """Change or remove a token."""
    async with house.store.unit() as unit:
        known = await unit.tokens.by_uid("default", uid)
        if changes:
            unit.tokens.save(replace(known, **changes))
        else:
            unit.tokens.remove(known)


@requirement("D01-1", "D01.FR.18", "1.6:SendLocalList-1")
async def test_the_first_list_is_full_and_holds_the_organisations_tokens(house: Any):
    """D01.FR.01, TC_D_01: with version 1, since 0 means none (D01.FR.18)."""
    teller, behind = await placed(house)
    await house.token("A", group="FLEET", expires_at=house.clock.now() + timedelta(days=1))
    await house.token("B", status=AuthorizationStatus.BLOCKED)
    state = await sync(house, teller)
    assert behind.told == [(FULL, 1, ["A", "B"])]
    (line, _) = v2.or_none(behind.sent[0].local_authorization_list) or []
    info = v2.or_none(line.id_token_info)
    assert info is not None
    assert v2.or_none(info.group_id_token) == v2.IdToken(id_token="FLEET", type="Central")
    assert v2.or_none(info.cache_expiry_date_time) == house.clock.now() + timedelta(days=1)
    assert behind.listed == {"A": "Accepted", "B": "Blocked"}
    assert (state.in_step, state.kept.result, state.kept.version, state.kept.entries) == (True, "Accepted", 1, 2)


@requirement("D01-2", "D01.FR.16", "D01.FR.17", "D01.FR.19")
async def test_afterwards_only_what_changed_is_sent(house: Any):
    """D01.FR.16, D01.FR.17, TC_D_02, TC_D_03: removals first, they make room."""
    teller, behind = await placed(house)
    for uid in "ABCDE":
        await house.token(uid)
    await sync(house, teller)
    await change(house, "B", status=AuthorizationStatus.BLOCKED)
    await change(house, "C")
    await house.token("F")
    state = await sync(house, teller)
    assert behind.told[1:] == [(DIFFERENTIAL, 2, ["C", "F", "B"])]
    assert behind.listed == {"A": "Accepted", "B": "Blocked", "D": "Accepted", "E": "Accepted", "F": "Accepted"}
    assert (state.kept.version, state.kept.entries) == (2, 5)


async def test_a_station_in_step_is_sent_nothing(house: Any):
    teller, behind = await placed(house)
    await house.token("A")
    await sync(house, teller)
    before = len(behind.sent)
    assert (await sync(house, teller)).in_step
    assert len(behind.sent) == before


@requirement("D01-1")
async def test_an_empty_list_is_sent_as_a_full_one_without_tokens(house: Any):
    """D01.FR.04, TC_D_04."""
    teller, behind = await placed(house)
    await house.token("A")
    await sync(house, teller)
    await house.csms.local_lists.want(teller.station, Wanted.EMPTY)
    state = await sync(house, teller)
    assert behind.told[-1] == (FULL, 2, [])
    assert behind.sent[-1].local_authorization_list is v2.UNSET
    assert (state.kept.entries, state.in_step, behind.listed) == (0, True, {})


@requirement("D01-7")
async def test_a_long_list_goes_in_parts_a_full_one_and_then_differences(house: Any):
    """ItemsPerMessage: no part holds more; each has a version of its own."""
    teller, behind = await placed(house)
    behind.room = {"ItemsPerMessage": "2"}
    for uid in "ABCDE":
        await house.token(uid)
    state = await sync(house, teller)
    assert behind.told == [(FULL, 1, ["A", "B"]), (DIFFERENTIAL, 2, ["C", "D"]), (DIFFERENTIAL, 3, ["E"])]
    assert (state.kept.version, state.kept.entries) == (3, 5)


async def test_no_part_is_longer_than_the_station_takes_in_bytes(house: Any):
    """BytesPerMessage."""
    teller, behind = await placed(house)
    behind.room = {"BytesPerMessage": "400"}
    for number in range(6):
        await house.token(f"TOKEN{number}")
    await sync(house, teller)
    assert len(behind.sent) > 1
    assert len(behind.listed) == 6


@pytest.mark.parametrize("said", ["", "many", "-5", "0"])
async def test_a_limit_that_is_none_is_no_limit(house: Any, said: str):
    teller, behind = await placed(house)
    behind.room = {"ItemsPerMessage": said}
    for uid in "ABC":
        await house.token(uid)
    assert (await sync(house, teller)).in_step
    assert len(behind.sent) == 1


async def test_a_station_that_finds_a_message_too_long_gets_shorter_ones(house: Any):
    """Sloppy stations do not say their limits: OccurrenceConstraintViolation (messages §2.2)."""
    teller, behind = await placed(house)
    behind.room = {}
    behind.instead = {n: CallRefused(Code.OCCURRENCE_CONSTRAINT_VIOLATION) for n in (1, 2)}
    for uid in "ABCDE":
        await house.token(uid)
    assert (await sync(house, teller)).in_step
    assert [len(uids) for _, _, uids in behind.told] == [5, 2, 1, 1, 1, 1, 1]
    assert len(behind.listed) == 5


@requirement("D02-2")
async def test_a_station_with_another_version_than_we_know_gets_a_full_list(house: Any):
    """D02: somebody else was there; the version is above both."""
    teller, behind = await placed(house)
    for uid in "ABC":
        await house.token(uid)
    await sync(house, teller)
    behind.version = 40
    await change(house, "B")
    await sync(house, teller)
    assert behind.told[1:] == [(FULL, 41, ["A", "C"])]


@requirement("D01-4", "D01-8")
@pytest.mark.parametrize("answer", ["VersionMismatch", "Failed"])
async def test_a_difference_the_station_does_not_take_is_followed_by_a_full_list(house: Any, answer: str):
    """D01, TC_D_06, TC_043_2, TC_043_3."""
    teller, behind = await placed(house)
    for uid in "ABCD":
        await house.token(uid)
    await sync(house, teller)
    behind.instead = {2: answer}
    await change(house, "B")
    state = await sync(house, teller)
    assert behind.told[1:] == [(DIFFERENTIAL, 2, ["B"]), (FULL, 3, ["A", "C", "D"])]
    assert (state.in_step, state.kept.entries) == (True, 3)


async def test_a_full_list_that_is_disturbed_midway_is_begun_once_more(house: Any):
    """D01.FR.19, TC_D_06: somebody else told the station another list between two parts."""
    teller, behind = await placed(house)
    behind.room = {"ItemsPerMessage": "2"}
    behind.instead = {2: "VersionMismatch"}
    for uid in "ABC":
        await house.token(uid)
    state = await sync(house, teller)
    assert behind.told == [
        (FULL, 1, ["A", "B"]),
        (DIFFERENTIAL, 2, ["C"]),
        (FULL, 3, ["A", "B"]),
        (DIFFERENTIAL, 4, ["C"]),
    ]
    assert (state.in_step, state.kept.version, state.kept.entries) == (True, 4, 3)


@requirement("D01.FR.06")
async def test_a_token_of_another_kind_is_removed_in_one_message_and_put_in_the_next(house: Any):
    """D01.FR.06: no message names a token twice."""
    teller, behind = await placed(house)
    for uid in "ABCD":
        await house.token(uid)
    await sync(house, teller)
    await change(house, "B", token=Token("B", "ISO15693"))
    assert (await sync(house, teller)).in_step
    assert behind.told[1:] == [(DIFFERENTIAL, 2, ["B"]), (DIFFERENTIAL, 3, ["B"])]
    (put,) = v2.or_none(behind.sent[-1].local_authorization_list) or []
    assert put.id_token.type == "ISO15693"


@requirement("D01-8")
async def test_a_full_list_the_station_does_not_take_is_told_and_not_tried_again_and_again(house: Any):
    """TC_043_3: until the tokens change, or a person asks."""
    teller, behind = await placed(house)
    await house.token("A")
    behind.instead = {1: v2.SendLocalListResponse(
        status=v2.SendLocalListStatus.FAILED, status_info=v2.StatusInfo(reason_code="OutOfStorage")
    )}  # fmt: skip
    state = await sync(house, teller)
    assert (state.in_step, state.waiting) == (False, False)
    assert (state.kept.result, state.kept.detail) == ("Failed", "OutOfStorage")
    for booted in (False, True):
        await house.csms.local_lists.follow(teller.station_id, booted=booted)
    assert len(behind.sent) == 1
    await house.token("B")
    await house.csms.local_lists.follow(teller.station_id, booted=False)
    assert behind.told[1:] == [(FULL, 1, ["A", "B"])]


@pytest.mark.parametrize("says", [-1, CallRefused(Code.NOT_SUPPORTED), CallRefused(Code.NOT_IMPLEMENTED)])
async def test_a_station_without_lists_is_sent_none(house: Any, says: Any):
    """TC_042_1: -1 in 1.6, a CALLERROR in 2.x."""
    teller, behind = await placed(house)
    await house.token("A")
    behind.says = says
    state = await sync(house, teller)
    assert (state.kept.result, state.in_step, state.waiting) == ("NotSupported", False, False)
    assert behind.sent == []


async def test_a_1_6_station_whose_empty_list_is_called_version_0_is_in_step(house: Any):
    """TC_042_2; the next list has a version above the one it was emptied with."""
    teller, behind = await placed(house)
    await house.token("A")
    await sync(house, teller)
    await house.csms.local_lists.want(teller.station, Wanted.EMPTY)
    await sync(house, teller)
    behind.version = 0
    before = len(behind.sent)
    assert (await sync(house, teller)).in_step
    assert len(behind.sent) == before
    await house.csms.local_lists.want(teller.station, Wanted.TOKENS)
    await sync(house, teller)
    assert behind.told[-1] == (FULL, 3, ["A"])


async def test_a_broken_connection_costs_one_part(house: Any):
    """What the station confirmed is kept at once; the rest follows as a difference."""
    teller, behind = await placed(house)
    behind.room = {"ItemsPerMessage": "2"}
    behind.instead = {3: StationOffline("gone")}
    for uid in "ABCDEF":
        await house.token(uid)
    state = await sync(house, teller)
    assert (state.kept.result, state.waiting, state.in_step) == ("Offline", True, False)
    assert (state.kept.version, state.kept.entries) == (2, 4)
    await house.csms.local_lists.follow(teller.station_id, booted=False)
    assert behind.told[3:] == [(DIFFERENTIAL, 3, ["E", "F"])]
    assert len(behind.listed) == 6


async def test_an_answer_that_was_lost_is_found_out_by_the_version(house: Any):
    """The station took the part and its answer did not arrive: what it has is not what we know, so all is sent."""
    teller, behind = await placed(house)
    await house.token("A")
    behind.instead = {1: StationSilent("no answer")}
    state = await sync(house, teller)
    assert (state.kept.result, state.waiting) == ("NoAnswer", True)
    behind.version, behind.listed = 1, {"A": "Accepted"}
    await house.csms.local_lists.follow(teller.station_id, booted=False)
    assert behind.told[1:] == [(FULL, 2, ["A"])]


async def test_tokens_a_station_cannot_be_told_are_left_out_and_counted(house: Any):
    teller, behind = await placed(house)
    behind.sayable = lambda uid: len(uid) <= 20
    await house.token("A")
    await house.token("B" * 21)
    state = await sync(house, teller)
    assert behind.told == [(FULL, 1, ["A"])]
    assert (state.kept.left_out, state.kept.entries, state.in_step) == (1, 1, True)


async def test_a_token_nobody_decided_about_is_not_listed(house: Any):
    """Anybody can present anything: such tokens would fill the lists."""
    teller, behind = await placed(house)
    await house.token("A")
    await house.token("B", status=AuthorizationStatus.BLOCKED, note="first presented at CP9")
    await sync(house, teller)
    assert behind.told == [(FULL, 1, ["A"])]


async def test_more_tokens_than_a_page_are_all_listed(house: Any):
    teller, behind = await placed(house)
    behind.room = {"ItemsPerMessage": "5000", "BytesPerMessage": "9999999"}
    for start in (0, 550):
        async with house.store.unit() as unit:
            for number in range(start, start + 550):
                unit.tokens.add(
                    RegisteredToken(
                        id=house.csms.context.ids.new(),
                        organisation=DEFAULT_ORGANISATION,
                        token=Token(f"T{number}", "ISO14443"),
                    )
                )
    state = await sync(house, teller)
    assert len(behind.listed) == state.kept.entries == 1_100


async def test_anew_sends_all_of_it_whatever_the_station_has(house: Any):
    teller, behind = await placed(house)
    await house.token("A")
    await sync(house, teller)
    await sync(house, teller, anew=True)
    assert behind.told[1:] == [(FULL, 2, ["A"])]


async def test_two_at_once_are_not_sent_to_one_station(house: Any):
    teller, behind = await placed(house)
    await house.token("A")
    refused: list[Exception] = []
    inner = behind.call

    async def call(request: Any, **how: Any) -> Any:
        if isinstance(request, v2.SendLocalListRequest):
            with pytest.raises(StationBusy) as error:
                await sync(house, teller)
            refused.append(error.value)
        return await inner(request, **how)

    teller.call = call
    assert (await sync(house, teller)).in_step
    assert len(refused) == 1


async def test_what_is_confirmed_on_an_old_socket_is_not_kept(house: Any):
    """R4: the station is on another socket by now, and who speaks there knows better."""
    teller, behind = await placed(house)
    behind.room = {"ItemsPerMessage": "1"}
    for uid in "AB":
        await house.token(uid)
    inner = behind.call

    async def call(request: Any, **how: Any) -> Any:
        if isinstance(request, v2.SendLocalListRequest) and request.version_number == 2:
            await house.socket(teller.station)
        return await inner(request, **how)

    teller.call = call
    state = await sync(house, teller)
    assert (state.kept.result, state.kept.version, state.kept.entries) == ("Offline", 1, 1)


# --- stations follow by themselves


async def test_a_list_meant_for_a_station_that_is_offline_is_sent_when_it_connects(house: Any):
    teller, behind = await placed(house)
    await house.token("A")
    house.csms.stations.forget(teller)
    state = await sync(house, teller)
    assert (state.kept.wanted, state.kept.result, state.waiting) == (Wanted.TOKENS, "Offline", True)
    house.csms.stations.register(teller)
    await house.csms.local_lists.follow(teller.station_id, booted=False)
    assert behind.told == [(FULL, 1, ["A"])]


async def test_a_station_of_which_nothing_is_wanted_is_sent_nothing(house: Any):
    teller, behind = await placed(house)
    await house.token("A")
    await house.csms.local_lists.follow(teller.station_id, booted=True)
    assert behind.calls == 0


@pytest.mark.parametrize("changes", [{"quiet": True}, {"admitted": Registration.PENDING}])
async def test_a_quiet_station_and_one_that_is_not_accepted_are_sent_nothing_by_themselves(house: Any, changes: Any):
    teller, behind = await placed(house, **({"quiet": True} if "quiet" in changes else {}))
    if "admitted" in changes:
        async with house.store.unit() as unit:
            unit.stations.save(replace(teller.station, **changes))
    await house.token("A")
    await house.csms.local_lists.want(teller.station, Wanted.TOKENS)
    for booted in (False, True):
        await house.csms.local_lists.follow(teller.station_id, booted=booted)
    assert behind.calls == 0
    await sync(house, teller)
    assert behind.told == [(FULL, 1, ["A"])]


async def test_a_quiet_station_waits_for_a_person(house: Any):
    teller, _ = await placed(house, quiet=True)
    await house.token("A")
    state = await house.csms.local_lists.want(teller.station, Wanted.TOKENS)
    assert (state.in_step, state.waiting) == (False, False)


async def test_after_a_boot_it_is_seen_that_the_list_is_still_there(house: Any):
    """The box was exchanged: the new one has no list, and gets it."""
    teller, behind = await placed(house)
    await house.token("A")
    await sync(house, teller)
    calls = behind.calls
    await house.csms.local_lists.follow(teller.station_id, booted=False)
    assert behind.calls == calls
    behind.version, behind.listed = 0, {}
    await house.csms.local_lists.follow(teller.station_id, booted=True)
    assert behind.told[1:] == [(FULL, 2, ["A"])]
    assert behind.listed == {"A": "Accepted"}


async def looked(house: Any) -> list[str]:
    """The stations that were found behind and queued."""
    lists = house.csms.local_lists
    await lists.look()
    found = list(lists.due())
    for station in found:
        await lists.serve(station)
    return found


@pytest.mark.parametrize("what", ["added", "changed", "removed", "expired"])
async def test_stations_that_are_connected_follow_the_tokens(house: Any, what: str):
    teller, behind = await placed(house)
    for uid in "ABC":
        await house.token(uid, expires_at=house.clock.now() + timedelta(hours=1) if uid == "C" else None)
    await sync(house, teller)
    assert await looked(house) == []
    if what == "added":
        await house.token("D")
    elif what == "changed":
        await change(house, "A", status=AuthorizationStatus.BLOCKED)
    elif what == "removed":
        await change(house, "B")
    else:
        await house.clock.sleep(3600)
    assert not (await house.csms.local_lists.state(teller.station)).in_step
    assert await looked(house) == [teller.station_id]
    assert await looked(house) == []
    expected = {
        "added": {"A": "Accepted", "B": "Accepted", "C": "Accepted", "D": "Accepted"},
        "changed": {"A": "Blocked", "B": "Accepted", "C": "Accepted"},
        "removed": {"A": "Accepted", "C": "Accepted"},
        "expired": {"A": "Accepted", "B": "Accepted", "C": "Expired"},
    }
    assert behind.listed == expected[what]


async def test_a_station_that_is_quiet_no_longer_is_brought_what_it_missed(house: Any):
    teller, behind = await placed(house, quiet=True)
    await house.token("A")
    house.csms.stations.forget(teller)
    await sync(house, teller)
    house.csms.stations.register(teller)
    assert await looked(house) == [teller.station_id]
    assert behind.calls == 0
    async with house.store.unit() as unit:
        unit.stations.save(replace(teller.station, quiet=False))
    await looked(house)
    assert behind.listed == {"A": "Accepted"}


async def test_one_token_exchanged_for_another_is_a_change(house: Any):
    teller, _ = await placed(house)
    await house.token("A")
    await sync(house, teller)
    await change(house, "A")
    await house.token("B")
    assert not (await house.csms.local_lists.state(teller.station)).in_step


async def test_a_list_left_alone_is_neither_sent_nor_forgotten(house: Any):
    teller, behind = await placed(house)
    await house.token("A")
    await sync(house, teller)
    state = await house.csms.local_lists.want(teller.station, None)
    await house.token("B")
    await looked(house)
    assert len(behind.sent) == 1
    assert (state.kept.version, state.kept.entries, state.waiting) == (1, 1, False)


async def heard_of(house: Any, teller: Any, variable: str, value: str | None, most: float | None = None) -> None:
    """The station reported a variable."""
    component = "LocalAuthListCtrlr" if most is not None else "ConfigurationKeys"
    known = KnownVariable(
        station=teller.station.id,
        organisation=DEFAULT_ORGANISATION,
        ref=VariableRef(component, variable),
        attribute=Attribute(value=value),
        characteristics=None if most is None else Characteristics(data_type="integer", max_limit=most),
        seen_at=house.clock.now(),
        source="report",
    )
    async with house.store.unit() as unit:
        unit.device_models.put([known])


@requirement("D01-5")
@pytest.mark.parametrize("how", ["2.x", "1.6"])
async def test_a_station_gets_as_many_tokens_as_it_said_it_has_room_for_and_the_rest_is_counted(house: Any, how: str):
    for number in range(5):
        await house.token(f"T{number}", created_at=house.clock.now() + timedelta(seconds=number))
    await house.token("BAD", status=AuthorizationStatus.BLOCKED, created_at=house.clock.now() + timedelta(days=1))
    teller, behind = await placed(house)
    if how == "2.x":
        await heard_of(house, teller, "Entries", "0", most=3.0)
    else:
        await heard_of(house, teller, "LocalAuthListMaxLength", "3")
    state = await sync(house, teller)
    assert behind.told == [(FULL, 1, ["T4", "T3", "T2"])]
    assert (state.in_step, state.kept.left_out, state.kept.reasons) == (True, 3, {"no room": 3})
    await change(house, "T3", status=AuthorizationStatus.BLOCKED)
    await sync(house, teller)
    assert sorted(behind.listed) == ["T1", "T2", "T4"]


async def test_why_tokens_are_left_out_is_kept(house: Any):
    await house.token("A")
    await house.token("PREPAID", credit=Decimal(1))
    await house.token("UNSAID")
    teller, behind = await placed(house)
    behind.sayable = lambda uid: uid != "UNSAID"
    kept = (await sync(house, teller)).kept
    assert (kept.left_out, kept.reasons) == (2, {"prepaid": 1, "cannot be said": 1})


@requirement("D01-6")
async def test_a_blocked_token_is_a_differential_update_soon_and_so_is_a_blocked_group(house: Any):
    await house.token("A", group="Fleet")
    await house.token("B")
    await house.token("C")
    teller, behind = await placed(house)
    await sync(house, teller)
    await change(house, "B", status=AuthorizationStatus.BLOCKED)
    await house.csms.local_lists.look()
    await house.csms.local_lists.serve(teller.station.id)
    assert behind.told[1:] == [(DIFFERENTIAL, 2, ["B"])]
    blocked = TokenGroup(organisation=DEFAULT_ORGANISATION, name="fleet", status=AuthorizationStatus.BLOCKED)
    async with house.store.unit() as unit:
        unit.token_groups.put(blocked)
    await house.csms.local_lists.look()
    await house.csms.local_lists.serve(teller.station.id)
    assert behind.told[2:] == [(DIFFERENTIAL, 3, ["A"])]
    assert behind.listed == {"A": "Blocked", "B": "Blocked", "C": "Accepted"}
