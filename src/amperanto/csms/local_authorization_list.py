"""D. Local authorization list: each station that shall have one knows the organisation's tokens by itself.

An operator wants a list of a station; that wish is kept. `sync` compares it with what the station last confirmed and
sends the difference, or the whole list where the station's version (D02) is not the one we know, in parts no
larger than it takes. Each part it accepts is kept at once, so that a broken connection costs one part. Stations
follow by themselves: when they connect or boot, and within a minute of a change of tokens. The rules: a station
in quiet mode is sent nothing unless a person asks for it now, and a station's own refusal is not tried again before
the tokens change or a person asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec
import structlog

from amperanto.csms.block import Block, Context
from amperanto.csms.errors import NotSpoken, StationBusy, StationOffline, StationSilent
from amperanto.csms.stations import StationLink
from amperanto.csms.token_registry import is_only_remembered
from amperanto.domain.local_lists import (
    Difference,
    Entries,
    ListEntry,
    LocalList,
    Wanted,
    difference,
    listing,
    next_version,
)
from amperanto.domain.stations import Station, StationId
from amperanto.domain.tokens import RegisteredToken, Token
from amperanto.ocpp import v2
from amperanto.ocpp.errors import CallRefused, Code
from amperanto.stores.errors import NotDurable
from amperanto.stores.store import Lane, Unit

EVERY = 60.0
AT_ONCE = 16
PAGE = 1000
COMPONENT = "LocalAuthListCtrlr"
ITEMS, OCTETS = 100, 32_768  # what a station is thought to take that does not say
ENVELOPE = 200  # octets of a request beside its tokens
GROUP_TYPE = "Central"
ACCEPTED, FAILED = "Accepted", "Failed"
MISMATCH, NOT_SUPPORTED = "VersionMismatch", "NotSupported"
REFUSED, OFFLINE, SILENT, NOT_SPOKEN = "Refused", "Offline", "NoAnswer", "NotSpoken"
FINAL = frozenset({FAILED, MISMATCH, NOT_SUPPORTED, REFUSED, NOT_SPOKEN})
TOO_LONG = frozenset({Code.OCCURRENCE_CONSTRAINT_VIOLATION, Code.FORMAT_VIOLATION})
ABSENT = frozenset({Code.NOT_IMPLEMENTED, Code.NOT_SUPPORTED})
SLICE = 500

Change = Token | ListEntry
"""One line of an update: a token to remove, or an entry to put."""

log = structlog.get_logger("amperanto.csms")


@dataclass(frozen=True, slots=True)
class ListState:
    """A station's list, whether it is what is wanted now, and whether it will be sent without being asked again."""

    kept: LocalList
    in_step: bool
    waiting: bool


@dataclass(slots=True)
class _Room:
    """How much one message may hold."""

    items: int = ITEMS
    octets: int = OCTETS


class LocalAuthorizationLists(Block):
    """D. Local authorization list."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._under_way: set[StationId] = set()
        self._due: dict[StationId, bool] = {}
        self._queue: asyncio.Queue[StationId] = asyncio.Queue()

    # --- what is wanted

    async def state(self, station: Station) -> ListState:
        """The station's list as it is."""
        kept = await self.context.store.local_lists.of(station.organisation, station.id)
        if kept.wanted is None:
            return ListState(kept, in_step=True, waiting=False)
        mark = await self._mark(station, kept.wanted)
        in_step = kept.brought_to == mark
        return ListState(kept, in_step, waiting=not (in_step or station.quiet or _in_vain(kept, mark)))

    async def want(self, station: Station, wanted: Wanted | None) -> ListState:
        """Want that list at the station from now on; None: leave its list alone. It follows by itself."""

        async def work(unit: Unit) -> None:
            unit.local_lists.want(station, wanted)

        await self.context.store.run(work, lane=Lane.BULK)
        self.arrived(station.id, booted=False)
        return await self.state(station)

    # --- bringing it there

    async def sync(self, station: Station, *, anew: bool = False) -> ListState:
        """Bring the station's list to what is wanted (the organisation's tokens, where nobody said), now.

        `anew` sends all of it, whatever the station has. A station that is offline gets it when it connects.
        Raises StationBusy while its list is being sent already.
        """
        if station.id in self._under_way:
            raise StationBusy("the station's list is being sent already")
        self._under_way.add(station.id)
        try:
            return await self._sync(station, anew=anew)
        finally:
            self._under_way.discard(station.id)

    async def _sync(self, station: Station, *, anew: bool) -> ListState:
        kept = await self.context.store.local_lists.of(station.organisation, station.id)
        if kept.wanted is None:
            await self.want(station, Wanted.TOKENS)
            kept = replace(kept, wanted=Wanted.TOKENS)
        wanted = kept.wanted or Wanted.TOKENS
        mark = await self._mark(station, wanted)  # before the tokens are read: a change meanwhile is seen next time
        outcome = replace(kept, tried=mark, left_out=0, detail=None, at=self.context.clock.now())
        try:
            link = self.context.stations.reach(station.id)
            listed, left_out = await self._listed(link, station, wanted)
            outcome = replace(outcome, left_out=left_out)
            status, detail = await _Errand(self, link, station).bring(listed, kept, anew=anew)
            outcome = replace(outcome, result=status, detail=detail)
        except StationOffline as error:
            outcome = replace(outcome, result=OFFLINE, detail=str(error))
        except StationSilent as error:
            outcome = replace(outcome, result=SILENT, detail=str(error))
        except NotSpoken as error:
            outcome = replace(outcome, result=NOT_SPOKEN, detail=str(error))
        except CallRefused as error:
            outcome = replace(outcome, result=NOT_SUPPORTED if error.code in ABSENT else REFUSED, detail=str(error))
        brought = mark if outcome.result == ACCEPTED else None
        await self._settle(station, replace(outcome, brought_to=brought))
        return await self.state(station)

    async def _settle(self, station: Station, outcome: LocalList) -> None:
        async def work(unit: Unit) -> None:
            unit.local_lists.settled(station, outcome)

        await self.context.store.run(work, lane=Lane.BULK)

    async def _mark(self, station: Station, wanted: Wanted) -> str:
        if wanted is Wanted.EMPTY:
            return wanted
        return f"{wanted} {await self.context.store.local_lists.mark(station.organisation, self.context.clock.now())}"

    async def _listed(self, link: StationLink, station: Station, wanted: Wanted) -> tuple[Entries, int]:
        """The list as this station can be told it, and how many tokens it cannot be told."""
        if wanted is Wanted.EMPTY:
            return {}, 0
        listed = listing(await self._tokens(station), now=self.context.clock.now())
        said: dict[str, ListEntry] = {}
        for number, (key, entry) in enumerate(listed.items()):
            if number % SLICE == SLICE - 1:
                await asyncio.sleep(0)  # others' messages come first
            if link.fits(_request(1, [entry], anew=True)):
                said[key] = entry
        return said, len(listed) - len(said)

    async def _tokens(self, station: Station) -> list[RegisteredToken]:
        found: list[RegisteredToken] = []
        cursor: str | None = None
        while True:
            page = await self.context.store.tokens.list(station.organisation, cursor=cursor, limit=PAGE)
            found += (one for one in page.items if not is_only_remembered(one))
            cursor = page.next
            if cursor is None:
                return found

    # --- stations follow by themselves

    def arrived(self, station: StationId, *, booted: bool) -> None:
        """The station may be asked now, or something is wanted of it: look whether it is behind."""
        if station not in self._due:
            self._queue.put_nowait(station)
        self._due[station] = booted or self._due.get(station, False)

    async def run(self) -> None:
        """Keep the lists of this node's stations in step, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._work())
            while True:
                await self.context.clock.sleep(EVERY)
                await _surviving(self.look())

    async def _work(self) -> None:
        while True:
            station = await self._queue.get()
            await _surviving(self.follow(station, booted=self._due.pop(station)))

    async def look(self) -> None:
        """Find the stations connected here whose list was not brought to the tokens as they are now."""
        store, now = self.context.store, self.context.clock.now()
        for organisation in await store.local_lists.owners():
            mark = await store.local_lists.mark(organisation, now)
            for wanted, wanted_mark in ((Wanted.TOKENS, f"{Wanted.TOKENS} {mark}"), (Wanted.EMPTY, str(Wanted.EMPTY))):
                for station in await store.local_lists.behind(organisation, wanted, wanted_mark):
                    if self.context.stations.online(station):
                        self.arrived(station, booted=False)

    async def follow(self, who: StationId, *, booted: bool) -> None:
        """Bring the station's list there if it is behind; after a boot also see that it still has it."""
        station = await self.context.store.stations.by_id(who)
        if station is None or station.quiet or not station.may_speak() or not self.context.stations.online(who):
            return
        kept = await self.context.store.local_lists.of(station.organisation, who)
        if kept.wanted is None or who in self._under_way:
            return
        mark = await self._mark(station, kept.wanted)
        if _in_vain(kept, mark) or (kept.brought_to == mark and not booted):
            return
        await self.sync(station)


class _Errand:
    """One station's list on its way: what is sent, and what was confirmed on the way."""

    def __init__(self, block: LocalAuthorizationLists, link: StationLink, station: Station) -> None:
        self._context = block.context
        self._link = link
        self._station = station
        self._room = _Room()

    async def bring(self, listed: Entries, kept: LocalList, *, anew: bool) -> tuple[str, str | None]:
        """Bring the list there: the station's last word, and what it said besides. Raises as `Stations.call` does."""
        version = (await self._link.call(v2.GetLocalListVersionRequest())).version_number
        if version < 0:
            return NOT_SUPPORTED, f"the station answered the version {version}"
        confirmed = await self._context.store.local_lists.entries(kept.organisation, kept.station)
        known = version == kept.version or (version == 0 and not confirmed)
        wanted = difference(confirmed, listed)
        if known and not anew and not len(wanted):
            return ACCEPTED, None
        await self._ask_room()
        latest = max(version, kept.version)
        if known and version > 0 and not anew and len(wanted) < len(listed):
            status, detail, latest = await self._send(_lines(wanted), latest, anew=False)
            if status == ACCEPTED:
                return status, detail
        status, detail, latest = await self._send(list(listed.values()), latest, anew=True)
        if status == MISMATCH:
            status, detail, latest = await self._send(list(listed.values()), latest, anew=True)
        return status, detail

    async def _send(self, lines: Sequence[Change], latest: int, *, anew: bool) -> tuple[str, str | None, int]:
        """Send the lines part by part; the last status, what was said besides, and the last version used."""
        left, first = list(lines), anew
        while left or first:
            part = self._part(left)
            version = next_version(latest)
            request = _request(version, part, anew=first)
            try:
                answer = await self._link.call(request)
            except CallRefused as error:
                if error.code not in TOO_LONG or len(part) < 2:
                    raise
                self._room.items = len(part) // 2
                continue
            latest = version
            if answer.status != ACCEPTED:
                return str(answer.status.value), _said(answer), latest
            await self._keep(version, part, anew=first)
            left, first = left[len(part) :], False
        return ACCEPTED, None, latest

    async def _keep(self, version: int, part: Sequence[Change], *, anew: bool) -> None:
        async def work(unit: Unit) -> None:
            unit.local_lists.confirmed(
                self._station,
                version,
                anew=anew,
                removed=[one for one in part if isinstance(one, Token)],
                put=[one for one in part if isinstance(one, ListEntry)],
            )

        await self._context.store.run(work, lane=Lane.BULK)

    def _part(self, lines: Sequence[Change]) -> list[Change]:
        """As many lines as one message may hold, one at least; no token twice (D01.FR.06)."""
        part: list[Change] = []
        octets, named = ENVELOPE, set[str]()
        for line in lines[: self._room.items]:
            key = line.key if isinstance(line, Token) else line.token.key
            octets += len(msgspec.json.encode(_data(line))) + 1
            if part and (octets > self._room.octets or key in named):
                break
            named.add(key)
            part.append(line)
        return part

    async def _ask_room(self) -> None:
        """Ask how much one message may hold; a station that does not say is thought to take a little."""
        names = ("ItemsPerMessage", "BytesPerMessage")
        asked = v2.GetVariablesRequest(
            get_variable_data=[
                v2.GetVariableData(component=v2.Component(name=COMPONENT), variable=v2.Variable(name=name))
                for name in names
            ]
        )
        try:
            answer = await self._link.call(asked)
        except CallRefused:
            return
        told = {one.variable.name.casefold(): one.attribute_value for one in answer.get_variable_result}
        items, octets = (_count(told.get(name.casefold())) for name in names)
        self._room = _Room(items or ITEMS, octets or OCTETS)


def _lines(wanted: Difference) -> list[Change]:
    """Removals first: they make room."""
    return [*wanted.remove, *wanted.put]


def _request(version: int, lines: Iterable[Change], *, anew: bool) -> v2.SendLocalListRequest:
    return v2.SendLocalListRequest(
        version_number=version,
        update_type=v2.Update.FULL if anew else v2.Update.DIFFERENTIAL,
        local_authorization_list=[_data(one) for one in lines] or v2.UNSET,
    )


def _data(line: Change) -> v2.AuthorizationData:
    """A line of a list; a token without more is one to remove (D01.FR.17)."""
    if isinstance(line, Token):
        return v2.AuthorizationData(id_token=v2.IdToken(id_token=line.uid, type=line.type))
    known = line.authorization
    group = v2.UNSET if known.group is None else v2.IdToken(id_token=known.group, type=GROUP_TYPE)
    return v2.AuthorizationData(
        id_token=v2.IdToken(id_token=line.token.uid, type=line.token.type),
        id_token_info=v2.IdTokenInfo(
            status=v2.AuthorizationStatus(known.status.value),
            group_id_token=group,
            cache_expiry_date_time=v2.unless_none(known.expires_at),
        ),
    )


def _said(answer: v2.SendLocalListResponse) -> str | None:
    info = v2.or_none(answer.status_info)
    if info is None:
        return None
    more = v2.or_none(info.additional_info)
    return info.reason_code if more is None else f"{info.reason_code}: {more}"


def _count(told: object) -> int | None:
    """A limit as a station writes it; None where it is none."""
    text = str(told).strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 and int(text) > 0 else None


def _in_vain(kept: LocalList, mark: str) -> bool:
    """Whether the station itself refused what is wanted: it will again."""
    return kept.tried == mark and kept.result in FINAL


async def _surviving(work: Awaitable[None]) -> None:
    """One station's trouble must not end the work for the others."""
    try:
        await work
    except (NotDurable, StationBusy) as error:
        log.warning("a local list waits", why=str(error))
    except Exception as error:  # noqa: BLE001 - as above
        log.warning("keeping a local list in step failed", why=f"{type(error).__name__}: {error}")
