"""The law of lists: whatever goes wrong on the way, the station ends with the list that is wanted (D01).

Tokens come, go and change, the station answers late, wrongly or not at all, loses its list, or is told another one by
somebody else. After one more attempt in which nothing goes wrong its list is the organisation's tokens, no message
was longer than it takes, none named a token twice (D01.FR.06), and what we keep is what it has.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amperanto.bus.inprocess import InProcessBus
from amperanto.csms.block import Context
from amperanto.csms.csms import Csms
from amperanto.csms.errors import StationOffline, StationSilent
from amperanto.csms.stations import Stations
from amperanto.domain.ids import Ids
from amperanto.domain.stations import DEFAULT_ORGANISATION, Registration, Station, StationId
from amperanto.domain.tokens import AuthorizationStatus, RegisteredToken, Token
from amperanto.ocpp import v2
from amperanto.ocpp.errors import CallRefused, Code
from amperanto.settings import in_memory
from amperanto.stores.store import Store

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
WRONG = ("lost", "silent", "taken silently", "Failed", "VersionMismatch", "too long", "refused")


@dataclass
class Clock:
    def now(self) -> datetime:
        return NOON

    def monotonic(self) -> float:
        return NOON.timestamp()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


@dataclass
class Behind:
    """The station behind the socket; `luck` says what goes wrong with the next update, None for nothing."""

    station_id: StationId
    number: int
    most: int
    version: int = 0
    listed: dict[tuple[str, str], str] = field(default_factory=dict)
    luck: Callable[[], str | None] = lambda: None

    async def call(self, request: Any, *, timeout: float | None = None, urgent: bool = False) -> Any:
        if isinstance(request, v2.GetLocalListVersionRequest):
            return v2.GetLocalListVersionResponse(version_number=self.version)
        if isinstance(request, v2.GetVariablesRequest):
            asked = request.get_variable_data[0]
            said = v2.GetVariableResult(
                attribute_status=v2.GetVariableStatus.ACCEPTED,
                component=asked.component,
                variable=asked.variable,
                attribute_value=str(self.most),
            )
            return v2.GetVariablesResponse(get_variable_result=[said, replace_variable(said, "BytesPerMessage", "")])
        return self.update(request)

    def update(self, request: v2.SendLocalListRequest) -> v2.SendLocalListResponse:
        lines = v2.or_none(request.local_authorization_list) or []
        keys = [(line.id_token.id_token.casefold(), line.id_token.type) for line in lines]
        assert len(lines) <= self.most
        assert len({uid for uid, _ in keys}) == len(lines)
        assert request.version_number > 0
        match self.luck():
            case "lost":
                raise StationOffline("gone")
            case "silent":
                raise StationSilent("no answer")
            case "taken silently":
                self.take(request, keys, lines)
                raise StationSilent("no answer")
            case "too long":
                raise CallRefused(Code.OCCURRENCE_CONSTRAINT_VIOLATION)
            case "refused":
                raise CallRefused(Code.INTERNAL_ERROR)
            case None:
                return v2.SendLocalListResponse(status=self.take(request, keys, lines))
            case word:
                return v2.SendLocalListResponse(status=v2.SendLocalListStatus(word))

    def take(self, request: Any, keys: list[tuple[str, str]], lines: list[Any]) -> v2.SendLocalListStatus:
        if request.update_type == v2.Update.FULL:
            self.listed = {}
        elif request.version_number <= self.version:
            return v2.SendLocalListStatus.VERSION_MISMATCH
        for key, line in zip(keys, lines, strict=True):
            info = v2.or_none(line.id_token_info)
            if info is None:
                self.listed.pop(key, None)
            else:
                self.listed[key] = str(info.status.value)
        self.version = request.version_number
        return v2.SendLocalListStatus.ACCEPTED

    def fits(self, request: Any) -> bool:
        return True


def replace_variable(said: v2.GetVariableResult, name: str, value: str) -> v2.GetVariableResult:
    return v2.GetVariableResult(
        attribute_status=said.attribute_status,
        component=said.component,
        variable=v2.Variable(name=name),
        attribute_value=value,
    )


async def with_csms(scene: Callable[[Csms, Station, Behind], Awaitable[None]], most: int) -> None:
    clock = Clock()
    ids = Ids(clock.now, Random(7).getrandbits)
    store = await Store.open("sqlite://", node="n", clock=clock.now, ids=ids)
    context = Context(
        store=store,
        bus=InProcessBus(),
        stations=Stations(),
        clock=clock,
        ids=ids,
        random=Random(7),
        settings=in_memory(),
    )
    station = Station(
        id=StationId(ids.new()), organisation=DEFAULT_ORGANISATION, identity="CP1", admitted=Registration.ACCEPTED
    )
    async with store.unit() as unit:
        unit.stations.add(station)
    number = await store.connections.take(station.id, "n", remote="", version="2.1", at=NOON)
    behind = Behind(station.id, number, most)
    csms = Csms(context)
    csms.stations.register(behind)  # type: ignore[arg-type]
    try:
        async with asyncio.timeout(30):
            await scene(csms, station, behind)
    finally:
        await store.close()


UIDS = st.sampled_from("ABCDEFGH")
STEPS = st.one_of(
    st.tuples(st.just("add"), UIDS, st.sampled_from(["ISO14443", "ISO15693"])),
    st.tuples(st.just("block"), UIDS),
    st.tuples(st.just("remove"), UIDS),
    st.tuples(st.just("sync"), st.lists(st.none() | st.sampled_from(WRONG), max_size=5)),
    st.tuples(st.just("forgets")),
    st.tuples(st.just("told otherwise"), st.integers(1, 9)),
)


async def done(step: Any, csms: Csms, station: Station, behind: Behind) -> None:
    match step:
        case ("sync", luck):
            left = list(luck)
            behind.luck = lambda: left.pop(0) if left else None
            await csms.local_lists.sync(station)
        case ("forgets",):
            behind.version, behind.listed = 0, {}
        case ("told otherwise", by):
            behind.version += by
            behind.listed = {("z", "ISO14443"): "Accepted"}
        case _:
            await token_changed(csms.context.store, csms.context.ids, *step)


async def token_changed(store: Store, ids: Ids, what: str, uid: str, kind: str = "") -> None:
    async with store.unit() as unit:
        known = await unit.tokens.by_uid(DEFAULT_ORGANISATION, uid)
        if known is None and what == "add":
            unit.tokens.add(RegisteredToken(id=ids.new(), organisation=DEFAULT_ORGANISATION, token=Token(uid, kind)))
        elif known is not None and what == "remove":
            unit.tokens.remove(known)
        elif known is not None and what == "block":
            unit.tokens.save(replace(known, status=AuthorizationStatus.BLOCKED))


@given(st.lists(STEPS, max_size=14), st.integers(1, 4))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_goes_wrong_on_the_way_the_station_ends_with_the_list_that_is_wanted(
    steps: list[Any], most: int
) -> None:
    async def scene(csms: Csms, station: Station, behind: Behind) -> None:
        for step in steps:
            await done(step, csms, station, behind)
        behind.luck = lambda: None
        state = await csms.local_lists.sync(station)
        known = (await csms.context.store.tokens.list(DEFAULT_ORGANISATION)).items
        wanted = {(one.token.key, one.token.type): str(one.status.value) for one in known}
        assert state.in_step
        assert behind.listed == wanted
        kept = await csms.context.store.local_lists.entries(DEFAULT_ORGANISATION, station.id)
        assert {(key, one.token.type): one.authorization.status for key, one in kept.items()} == wanted
        assert behind.version == state.kept.version or not wanted

    asyncio.run(with_csms(scene, most))
