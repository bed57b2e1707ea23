"""A. Security: who is let in (profiles 0 and 1), and what becomes of those who are not.

The gateway describes an arrival; the answer is an admission or a refusal. Without a valid credential everybody
is refused alike, known or not, after the same work. Who is not known appears in the inbox, from which an
operator accepts with one word. A second socket under a station's identity replaces a dead one after a ping,
never a living one (security.md A4 #3).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum

from amperanto.csms.block import Block, Context
from amperanto.csms.passwords import Passwords
from amperanto.domain.stations import DEFAULT_ORGANISATION, OrganisationId, Station, StationId, folded
from amperanto.stores.errors import NotDurable
from amperanto.stores.inbox import InboxEntry
from amperanto.stores.store import Lane

INBOX_EVERY = 10.0
INBOX_NAMES = 10_000


class RefusalReason(StrEnum):
    """Why an arrival is not let in; only `ALIVE` is told to the arriving side."""

    UNKNOWN = "nobody registered this station"
    AMBIGUOUS = "two organisations have a station of this identity; name the organisation in the address"
    NO_CREDENTIAL = "it came without a password"
    WRONG_CREDENTIAL = "its password is wrong"
    OTHER_USER = "the user of its credential is not the identity in its address"
    PROFILE = "its security profile needs TLS"
    ALIVE = "the station has a living connection already"
    UNAVAILABLE = "the system cannot look stations up now"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Somebody at the door. `user` and `password` are None without a Basic credential."""

    identity: str
    organisation_hint: str | None = None
    user: str | None = None
    password: bytes | None = None
    remote: str = ""
    subprotocols: tuple[str, ...] = ()
    path: str = ""
    secure: bool = False
    certificate: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Let in, as this station."""

    station: Station


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Not let in."""

    reason: RefusalReason


class Security(Block):
    """A. Security."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.passwords = Passwords()
        self._seen: dict[tuple[OrganisationId, str], float] = {}
        self._doors: dict[StationId, tuple[asyncio.Lock, list[None]]] = {}

    async def admit(self, arrival: Arrival) -> Admission | Refusal:
        """Decide about an arrival. Never raises for what the arriving side did."""
        try:
            found = await self._candidates(arrival)
            outcome = await self._judged(arrival, found)
            if isinstance(outcome, Refusal):
                await self._note(arrival, found, outcome.reason)
                return outcome
        except NotDurable:
            return Refusal(reason=RefusalReason.UNAVAILABLE)
        if not await self.vacant(outcome.station.id):
            return Refusal(reason=RefusalReason.ALIVE)
        return outcome

    @asynccontextmanager
    async def door(self, station: StationId) -> AsyncGenerator[None]:
        """Only one socket of a station at a time is looked at and let in."""
        lock, present = self._doors.setdefault(station, (asyncio.Lock(), []))
        present.append(None)  # a lock just released counts as free although somebody waits for it
        try:
            async with lock:
                yield
        finally:
            present.pop()
            if not present:
                del self._doors[station]

    async def vacant(self, station: StationId) -> bool:
        """Whether the station's place is free: no socket, or one that does not answer a ping, which is then closed."""
        link = self.context.stations.link(station)
        if link is None:
            return True
        if await link.ping(self.context.settings.takeover_ping):
            return False
        await link.close(1001, "replaced by a new connection: no answer to a ping")
        return True

    async def _candidates(self, arrival: Arrival) -> list[Station]:
        """The stations this may be: of the organisation the address names, else of any (R6)."""
        async with self.context.store.unit() as unit:
            if arrival.organisation_hint is not None:
                hint = OrganisationId(folded(arrival.organisation_hint))
                named = await unit.stations.by_identity(hint, arrival.identity)
                if named is not None:
                    return [named]
            return await unit.stations.by_identity(None, arrival.identity)

    async def _judged(self, arrival: Arrival, found: list[Station]) -> Admission | Refusal:
        station = found[0] if len(found) == 1 else None
        if arrival.user is not None and folded(arrival.user) != folded(arrival.identity):
            return await self._refused(arrival, RefusalReason.OTHER_USER)
        if station is not None and station.security_profile == 0:
            return Admission(station=station)
        if arrival.password is None:
            return Refusal(reason=RefusalReason.UNKNOWN if not found else RefusalReason.NO_CREDENTIAL)
        if station is None:
            reason = RefusalReason.AMBIGUOUS if found else RefusalReason.UNKNOWN
            return await self._refused(arrival, reason)
        if not await self.passwords.verify(station.password_hash, arrival.password):
            return Refusal(reason=RefusalReason.WRONG_CREDENTIAL)
        if station.security_profile > 1 and not arrival.secure:
            return Refusal(reason=RefusalReason.PROFILE)
        return Admission(station=station)

    async def _refused(self, arrival: Arrival, reason: RefusalReason) -> Refusal:
        """A refusal after the work a wrong password would have cost."""
        if arrival.password is not None:
            await self.passwords.verify(None, arrival.password)
        return Refusal(reason=reason)

    async def _note(self, arrival: Arrival, found: list[Station], reason: RefusalReason) -> None:
        """Show an unknown or ambiguous station in the inbox, at most once in ten seconds each."""
        if reason not in (RefusalReason.UNKNOWN, RefusalReason.AMBIGUOUS):
            return
        organisations = {station.organisation for station in found} or {DEFAULT_ORGANISATION}
        now = self.context.clock.monotonic()
        if len(self._seen) > INBOX_NAMES:
            self._seen.clear()
        for organisation in organisations:
            key = (organisation, folded(arrival.identity))
            if now - self._seen.get(key, -INBOX_EVERY) < INBOX_EVERY:
                continue
            self._seen[key] = now
            # Anybody can knock: strangers must not delay the stations' own units.
            async with self.context.store.unit(lane=Lane.BULK) as unit:
                unit.inbox.knock(
                    InboxEntry(
                        organisation=organisation,
                        identity=arrival.identity,
                        first_seen=self.context.clock.now(),
                        last_seen=self.context.clock.now(),
                        remote=arrival.remote,
                        offered=arrival.subprotocols,
                        reason=str(reason),
                    )
                )
