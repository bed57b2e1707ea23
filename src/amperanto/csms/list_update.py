"""One station's local list on its way: what it is sent, in which parts, and what it confirmed (D01, D02).

The station is asked for its version first. If that is the one it last confirmed to us, it gets the difference, else
the whole list: a full update and, where one message does not hold it, differential ones after it. A part that was
accepted is kept before the next one is sent, if the connection is still the station's (R4). The rule: each version
is above the one the station says and above all it confirmed (D01.FR.19), so what was taken without our hearing of it
is found out by the version.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from amperanto.csms.block import Context
from amperanto.csms.errors import Fenced, StationOffline
from amperanto.csms.stations import StationLink
from amperanto.domain.local_lists import Difference, Entries, ListEntry, LocalList, difference, next_version
from amperanto.domain.stations import Station
from amperanto.domain.tokens import Token
from amperanto.ocpp import v2
from amperanto.ocpp.errors import CallRefused, Code
from amperanto.stores.store import Lane, Unit

COMPONENT = "LocalAuthListCtrlr"
ITEMS, OCTETS = 100, 32_768  # what a station is thought to take that does not say
LARGEST_PART = 500  # what is kept in one unit
ASKED = ((COMPONENT, "ItemsPerMessage"), (COMPONENT, "BytesPerMessage"))
ENVELOPE = 200  # octets of a request beside its tokens
GROUP_TYPE = "Central"
ACCEPTED, MISMATCH, NOT_SUPPORTED = "Accepted", "VersionMismatch", "NotSupported"
TOO_LONG = frozenset({Code.OCCURRENCE_CONSTRAINT_VIOLATION, Code.FORMAT_VIOLATION})

Change = Token | ListEntry
"""One line of an update: a token to remove, or an entry to put."""


@dataclass(slots=True)
class _Room:
    """How much one message may hold, and the whole list."""

    items: int = ITEMS
    octets: int = OCTETS
    capacity: int | None = None


class Errand:
    """One station's list on its way: what is sent, and what was confirmed on the way."""

    def __init__(self, context: Context, link: StationLink, station: Station, capacity: int | None = None) -> None:
        self._context = context
        self._link = link
        self._station = station
        self._room = _Room(capacity=capacity)
        self.no_room = 0
        """How many tokens the station has no room for."""

    async def bring(self, listed: Entries, kept: LocalList, *, anew: bool) -> tuple[str, str | None]:
        """Bring the list there: the station's last word, and what it said besides. Raises as `Stations.call` does."""
        version = (await self._link.call(v2.GetLocalListVersionRequest())).version_number
        if version < 0:
            return NOT_SUPPORTED, f"the station answered the version {version}"
        confirmed = await self._context.store.local_lists.entries(kept.organisation, kept.station)
        known = version == kept.version or (version == 0 and not confirmed)
        listed = self._fitting(listed)
        wanted = difference(confirmed, listed)
        if known and not anew and not len(wanted):
            return ACCEPTED, None
        await self._ask_room()
        listed = self._fitting(listed)
        wanted = difference(confirmed, listed)
        latest = max(version, kept.version)
        if known and not anew and len(wanted) < len(listed):
            status, detail, latest = await self._send(_lines(wanted), latest, anew=False)
            if status == ACCEPTED:
                return status, detail
        status, detail, latest = await self._send(list(listed.values()), latest, anew=True)
        if status == MISMATCH:
            status, detail, latest = await self._send(list(listed.values()), latest, anew=True)
        return status, detail

    def _fitting(self, listed: Entries) -> Entries:
        """The first lines of a list, as many as the station has room for."""
        capacity = self._room.capacity
        if capacity is None or len(listed) <= capacity:
            return listed
        self.no_room += len(listed) - capacity
        return dict(list(listed.items())[:capacity])

    async def _send(self, lines: Sequence[Change], latest: int, *, anew: bool) -> tuple[str, str | None, int]:
        """Send the lines part by part; the last status, what was said besides, and the last version used."""
        left, first = list(lines), anew
        while left or first:
            part = self._part(left)
            version = next_version(latest)
            request = update_of(version, part, anew=first)
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
            unit.fence(self._station.id, self._link.number)
            unit.local_lists.confirmed(
                self._station,
                version,
                anew=anew,
                removed=[one for one in part if isinstance(one, Token)],
                put=[one for one in part if isinstance(one, ListEntry)],
            )

        try:
            await self._context.store.run(work, lane=Lane.BULK)
        except Fenced as error:
            raise StationOffline("a newer connection of this station took over") from error

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
        asked = v2.GetVariablesRequest(
            get_variable_data=[
                v2.GetVariableData(component=v2.Component(name=component), variable=v2.Variable(name=name))
                for component, name in ASKED
            ]
        )
        try:
            answer = await self._link.call(asked)
        except CallRefused:
            return
        told = {one.variable.name.casefold(): one.attribute_value for one in answer.get_variable_result}
        items, octets = (count_of(told.get(name.casefold())) for _, name in ASKED)
        self._room = _Room(min(items or ITEMS, LARGEST_PART), octets or OCTETS, self._room.capacity)


def _lines(wanted: Difference) -> list[Change]:
    """Removals first: they make room."""
    return [*wanted.remove, *wanted.put]


def update_of(version: int, lines: Iterable[Change], *, anew: bool) -> v2.SendLocalListRequest:
    """The message that puts and removes these; `anew`: they are all there is from then on."""
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
            evse_id=list(known.evses) or v2.UNSET,
        ),
    )


def _said(answer: v2.SendLocalListResponse) -> str | None:
    info = v2.or_none(answer.status_info)
    if info is None:
        return None
    more = v2.or_none(info.additional_info)
    return info.reason_code if more is None else f"{info.reason_code}: {more}"


def count_of(told: object) -> int | None:
    """A limit as a station writes it; None where it is none."""
    text = str(told).strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 and int(text) > 0 else None
