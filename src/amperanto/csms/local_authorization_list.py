"""D. Local authorization list: each station that shall have one knows the organisation's tokens by itself.

An operator wants a list of a station; that wish is kept. `sync` compares it with what the station last confirmed and
sends the difference, or the whole list where the station's version (D02) is not the one we know, in parts no
larger than it takes. Each part it accepts is kept at once, so that a broken connection costs one part. Stations
follow by themselves (`delivery.py`): when they connect or boot, and within a minute of a change of tokens. A list that
is wanted is a wish, too, that tells what became of it. The rules: a station in quiet mode is sent nothing unless a
person asks for it now, and a station's own refusal is not tried again before the tokens change or a person asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from amperanto.csms.authorization import spot_at
from amperanto.csms.block import Block, Context
from amperanto.csms.desired_state import LOCAL_LIST, DesiredState, Want
from amperanto.csms.errors import NotSpoken, StationBusy, StationOffline, StationSilent
from amperanto.csms.list_update import ACCEPTED, COMPONENT, MISMATCH, NOT_SUPPORTED, Errand, count_of, update_of
from amperanto.csms.stations import StationLink
from amperanto.domain.desired_state import Outcome, Wish, WishState, done, failed, waits
from amperanto.domain.device_model import VariableRef
from amperanto.domain.local_lists import NO_ROOM, UNSAID, ListEntry, Listing, LocalList, Wanted, listing
from amperanto.domain.stations import OrganisationId, Station, StationId
from amperanto.domain.tokens import RegisteredToken, TokenGroup
from amperanto.ocpp.errors import CallRefused, Code
from amperanto.stores.store import Lane, Unit

PAGE = 1000
ENTRIES = VariableRef(COMPONENT, "Entries")
LONGEST = VariableRef("ConfigurationKeys", "LocalAuthListMaxLength")
FAILED = "Failed"
REFUSED, OFFLINE, SILENT, NOT_SPOKEN = "Refused", "Offline", "NoAnswer", "NotSpoken"
FINAL = frozenset({FAILED, MISMATCH, NOT_SUPPORTED, REFUSED, NOT_SPOKEN})
ABSENT = frozenset({Code.NOT_IMPLEMENTED, Code.NOT_SUPPORTED})
SLICE = 500


@dataclass(frozen=True, slots=True)
class ListState:
    """A station's list, whether it is what is wanted now, and whether it will be sent without being asked again."""

    kept: LocalList
    in_step: bool
    waiting: bool


class LocalAuthorizationLists(Block):
    """D. Local authorization list."""

    def __init__(self, context: Context, wished: DesiredState) -> None:
        super().__init__(context)
        self._under_way: set[StationId] = set()
        self._due: dict[StationId, bool] = {}
        self._wished = wished
        wished.register(LOCAL_LIST, self.deliver)

    # --- what is wanted

    async def state(self, station: Station) -> ListState:
        """The station's list as it is."""
        kept = await self.context.store.local_lists.of(station.organisation, station.id)
        if kept.wanted is None:
            return ListState(kept, in_step=True, waiting=False)
        mark = await self._mark(station, kept.wanted)
        in_step = kept.brought_to == mark
        return ListState(kept, in_step, waiting=not (in_step or not station.may_be_sent_to or _in_vain(kept, mark)))

    async def want(self, station: Station, wanted: Wanted | None, by: str = "") -> ListState:
        """Want that list at the station from now on; None: leave its list alone. It follows by itself."""

        async def work(unit: Unit) -> None:
            unit.local_lists.want(station, wanted)
            if wanted is None:
                await self._ended(unit, station, WishState.WITHDRAWN, None)
            else:
                self._wished.put(unit, station, Want(LOCAL_LIST, "", msgspec.json.encode(wanted).decode()), by)

        await self.context.store.run(work, lane=Lane.BULK)
        self.arrived(station.id, booted=False)
        return await self.state(station)

    async def _ended(self, unit: Unit, station: Station, state: WishState, said: str | None) -> None:
        """Whoever waits for the list of this station waits no more."""
        for wish in await unit.desired_states.waiting(station.id, self.context.clock.now()):
            if wish.kind == LOCAL_LIST:
                unit.desired_states.settle(wish.id, state, said, self.context.clock.now())

    async def _want(self, station: Station, wanted: Wanted) -> None:
        async def work(unit: Unit) -> None:
            unit.local_lists.want(station, wanted)

        await self.context.store.run(work, lane=Lane.BULK)

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
            await self._want(station, Wanted.TOKENS)
            kept = replace(kept, wanted=Wanted.TOKENS)
        wanted = kept.wanted or Wanted.TOKENS
        mark = await self._mark(station, wanted)  # before the tokens are read: a change meanwhile is seen next time
        outcome = replace(kept, tried=mark, left_out=0, reasons={}, detail=None, at=self.context.clock.now())
        try:
            link = self.context.stations.reach(station.id)
            listed = await self._listed(link, station, wanted)
            outcome = _without(outcome, listed.left_out)
            errand = Errand(self.context, link, station, await self._capacity(station))
            status, detail = await errand.bring(listed.entries, kept, anew=anew)
            reasons = listed.left_out | ({NO_ROOM: errand.no_room} if errand.no_room else {})
            outcome = replace(_without(outcome, reasons), result=status, detail=detail)
        except StationOffline as error:
            outcome = replace(outcome, tried=None, result=OFFLINE, detail=str(error))
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
            if outcome.result == ACCEPTED:
                await self._ended(unit, station, WishState.DONE, outcome.detail or ACCEPTED)

        await self.context.store.run(work, lane=Lane.BULK)

    async def _mark(self, station: Station, wanted: Wanted) -> str:
        if wanted is Wanted.EMPTY:
            return wanted
        return f"{wanted} {await self.context.store.local_lists.mark(station.organisation, self.context.clock.now())}"

    async def _listed(self, link: StationLink, station: Station, wanted: Wanted) -> Listing:
        """The list as this station can be told it, and how many tokens it cannot be told."""
        if wanted is Wanted.EMPTY:
            return Listing({}, {})
        store, tokens = self.context.store, await self._tokens(station)
        groups = await self._groups(station)
        placed = [one.places for one in (*tokens, *groups.values()) if one.places]
        listed = listing(
            tokens, now=self.context.clock.now(), groups=groups, spot=await spot_at(store, station, placed, None)
        )
        said: dict[str, ListEntry] = {}
        for number, (key, entry) in enumerate(listed.entries.items()):
            if number % SLICE == SLICE - 1:
                await asyncio.sleep(0)  # others' messages come first
            if link.fits(update_of(1, [entry], anew=True)):
                said[key] = entry
        unsaid = len(listed.entries) - len(said)
        return Listing(said, listed.left_out | ({UNSAID: unsaid} if unsaid else {}))

    async def _groups(self, station: Station) -> dict[str, TokenGroup]:
        found: dict[str, TokenGroup] = {}
        cursor: str | None = None
        while True:
            page = await self.context.store.token_groups.list(station.organisation, cursor=cursor, limit=PAGE)
            found |= {one.key: one for one in page.items}
            cursor = page.next
            if cursor is None:
                return found

    async def _capacity(self, station: Station) -> int | None:
        """How many tokens the station said it has room for: maxLimit of Entries, 1.6's LocalAuthListMaxLength."""
        known = await self.context.store.device_models.these(station.id, [ENTRIES.key(), LONGEST.key()])
        entries, longest = known.get(ENTRIES.key()), known.get(LONGEST.key())
        if entries is not None and entries.characteristics is not None and entries.characteristics.max_limit:
            return int(entries.characteristics.max_limit)
        return None if longest is None else count_of(longest.attribute.value)

    async def _tokens(self, station: Station) -> list[RegisteredToken]:
        found: list[RegisteredToken] = []
        cursor: str | None = None
        while True:
            page = await self.context.store.tokens.list(station.organisation, cursor=cursor, limit=PAGE)
            found += page.items
            cursor = page.next
            if cursor is None:
                return found

    # --- stations follow by themselves

    def arrived(self, station: StationId, *, booted: bool) -> None:
        """The station may be asked now, or something is wanted of it: look whether it is behind."""
        self._due[station] = booted or self._due.get(station, False)

    def due(self) -> Iterable[StationId]:
        """The stations to look at."""
        return tuple(self._due)

    async def serve(self, station: StationId) -> None:
        """Look whether the station is behind, and bring it its list."""
        await self.follow(station, booted=self._due.pop(station))

    async def deliver(self, station: Station, wishes: Sequence[Wish]) -> list[Outcome]:
        """What became of the list that is wanted, brought there now."""
        self._due.pop(station.id, None)
        try:
            state = await self.sync(station)
        except StationBusy as error:
            return [waits(str(error), tried=False)] * len(wishes)
        result, detail = state.kept.result or "", state.kept.detail
        said = result if detail is None else f"{result}: {detail}"
        if result in FINAL:
            return [failed(said)] * len(wishes)
        behind = waits(said, tried=result != OFFLINE)
        return [done(said) if result == ACCEPTED else behind] * len(wishes)

    async def look(self) -> None:
        """Find the stations connected here whose list was not brought to the tokens as they are now."""
        for organisation in await self.context.store.local_lists.owners():
            await self.look_at(organisation)

    async def look_at(self, organisation: OrganisationId) -> None:
        """As `look`, of one organisation."""
        lists = self.context.store.local_lists
        mark = await lists.mark(organisation, self.context.clock.now())
        for wanted, wanted_mark in ((Wanted.TOKENS, f"{Wanted.TOKENS} {mark}"), (Wanted.EMPTY, str(Wanted.EMPTY))):
            for station in await lists.behind(organisation, wanted, wanted_mark):
                if self.context.stations.online(station):
                    self.arrived(station, booted=False)

    async def follow(self, who: StationId, *, booted: bool) -> None:
        """Bring the station's list there if it is behind; after a boot also see that it still has it."""
        station = await self.context.store.stations.by_id(who)
        if (
            station is None
            or not station.may_be_sent_to
            or not station.may_speak()
            or not self.context.stations.online(who)
        ):
            return
        kept = await self.context.store.local_lists.of(station.organisation, who)
        if kept.wanted is None or who in self._under_way:
            return
        mark = await self._mark(station, kept.wanted)
        if _in_vain(kept, mark) or (kept.brought_to == mark and not booted):
            return
        await self.sync(station)


def _without(outcome: LocalList, reasons: Mapping[str, int]) -> LocalList:
    return replace(outcome, left_out=sum(reasons.values()), reasons=reasons)


def _in_vain(kept: LocalList, mark: str) -> bool:
    """Whether the station itself refused what is wanted: it will again."""
    return kept.tried == mark and kept.result in FINAL
