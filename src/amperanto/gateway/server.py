"""The door for stations: one socket in, one link with its fencing number, one pipeline until the socket ends.

The place of a station is looked at once more after the upgrade, under its lock, since two sockets may have knocked
together. The end of an old socket only ever touches what carries its own number (R4).
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial

import structlog

from amperanto.csms.csms import Csms
from amperanto.csms.errors import Fenced, NotDurable
from amperanto.csms.security import Admission
from amperanto.dialects import dialect_for
from amperanto.dialects.errors import QuirkConflict
from amperanto.dialects.quirks.built_in import known_quirks
from amperanto.dialects.quirks.clock import SiteClock
from amperanto.dialects.quirks.quirk import Quirk, QuirkInUse
from amperanto.domain.oddities import Make, Oddity, OddityKind
from amperanto.domain.stations import Station, StationId, Tolerance
from amperanto.gateway.handshake import Handshake
from amperanto.gateway.journal import ConnectionJournal
from amperanto.gateway.link import SocketLink
from amperanto.gateway.pipeline import TRANSACTION_MESSAGES, TRY_AGAIN_LATER, Pipeline
from amperanto.ocpp import Codec, Connection, Role, Version
from amperanto.ocpp.codec import Direction
from amperanto.transport.link import Link
from amperanto.transport.peer import Peer
from amperanto.transport.upgrade import Denial, Upgrade, Welcome
from amperanto.transport.websocket import Listener, WebSocketLink

POLICY_VIOLATION = 1008
FAREWELL_SECONDS = 2.0  # how long stations may take to echo our close at the end

log = structlog.get_logger("amperanto.gateway")


class Gateway:
    """The open port for stations."""

    def __init__(self, csms: Csms) -> None:
        self._csms = csms
        self._settings = csms.context.settings
        self._quirks = known_quirks()
        self._now = csms.context.clock.now
        csms.oddities.make_of = self._make
        self._present: dict[StationId, SocketLink] = {}
        self._handshake = Handshake(
            csms.security.admit,
            default=self._unnamed,
            clock=csms.context.clock.monotonic,
        )
        self._listener = Listener(
            self._serve,
            decide=self._decide,
            host=self._settings.ocpp_host or None,
            port=self._settings.ocpp_port,
            max_size=self._settings.max_message_unaccepted,
            handshake=self._settings.handshake_timeout,
        )

    @classmethod
    async def open(cls, csms: Csms) -> Gateway:
        """Open the port. Raises OSError when it is taken."""
        gateway = cls(csms)
        await gateway._listener.start()
        return gateway

    @property
    def port(self) -> int:
        """Where stations connect."""
        return self._listener.port

    async def stop(self) -> None:
        """Close the port and every socket; returns when all of them are over."""
        await self._listener.close(1001, "the system is restarting", within=FAREWELL_SECONDS)

    async def _decide(self, upgrade: Upgrade) -> Welcome | Denial:
        decision = await self._handshake.decide(upgrade)
        if isinstance(decision, Denial):
            self._csms.figures.refusals += 1
        return decision

    async def _serve(self, line: WebSocketLink, welcome: Welcome) -> None:
        assert isinstance(welcome.data, Admission) and welcome.version is not None
        await self.serve(line, welcome.data.station, welcome.version)

    async def serve(self, line: Link, station: Station, version: Version) -> None:
        """Serve an admitted station over an open line, whatever carries it, until the line ends."""
        try:
            link, pipeline = await self._entered(line, station, version)
        except Fenced:
            await line.close(POLICY_VIOLATION, "this station was removed")
            return
        except NotDurable as error:
            log.warning("a station cannot be served now", station=station.identity, why=str(error))
            await line.close(TRY_AGAIN_LATER, "the system cannot store messages now; try again later")
            return
        if link is None or pipeline is None:
            await line.close(POLICY_VIOLATION, "this station has a living connection already")
            return
        try:
            if await self._changed(link, station):
                await link.close(POLICY_VIOLATION, "this station's credentials were changed")
            else:
                await pipeline.run()
        finally:
            try:
                closed = await link.peer.close(1011, "internal error")
                await self._left(link, closed.code, str(closed))
            finally:
                self._over(link)

    def _over(self, link: SocketLink) -> None:
        """All is kept of this socket, its end included: the next one may come in."""
        link.over.set()
        if self._present.get(link.station_id) is link:
            del self._present[link.station_id]

    async def _end_of_last(self, station: StationId) -> None:
        """Let the socket before finish: what it read, its close code and cause are lost once its place is taken."""
        last = self._present.get(station)
        if last is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.takeover_ping):
                    await last.over.wait()

    async def _changed(self, link: SocketLink, admitted: Station) -> bool:
        """Whether what it was let in by is true no more; a later change finds the socket and closes it."""
        try:
            now = await self._csms.station(link)
        except Fenced:
            return True
        except NotDurable:
            return False
        return (now.password_hash, now.security_profile) != (admitted.password_hash, admitted.security_profile)

    async def _left(self, link: SocketLink, code: int, cause: str) -> None:
        try:
            await self._csms.left(link, link.station, code, cause)
        except NotDurable as error:
            log.warning("the end of a connection could not be kept", station=link.identity, why=str(error))

    async def _entered(
        self, line: Link, station: Station, version: Version
    ) -> tuple[SocketLink | None, Pipeline | None]:
        """The station's link and worker, or nothing when its place is taken."""
        context = self._csms.context
        arrived = context.clock.now()
        async with self._csms.security.door(station.id):
            if not await self._csms.security.vacant(station.id):
                return None, None
            await self._end_of_last(station.id)
            number, station = await self._csms.entered(
                station.id, at=arrived, remote=line.remote, version=version.value
            )
            journal = ConnectionJournal(self._csms, station, number)
            peer = self._peer(line, station, version, journal)
            link = SocketLink(peer, dialect_for(version), station, number, clock=context.clock)
            link.follow(station, self._settings, await self._quirk(station))
            link.on_told = self._csms.heard
            link.evses = partial(self._evses, station)
            context.stations.register(link)
            self._present[station.id] = link
            return link, Pipeline(self._csms, link, journal, self._quirk)

    async def _evses(self, station: Station) -> list[int]:
        """The EVSEs the station has told of."""
        found = await self._csms.context.store.connectors.of(station.organisation, station.id)
        return sorted({one.where.evse for one in found})

    def _unnamed(self, station: Station) -> Version | None:
        """What is spoken with a station that names no version (quirks.md §1); a strict one must name it."""
        if station.tolerance is Tolerance.STRICT:
            return None
        quirk = self._known(station)
        told = None if quirk is None else quirk.behaviour.default_version
        self._csms.oddities.count(
            station, Oddity.at(OddityKind.FRAME, None, "", "connects without a subprotocol"), self._now()
        )
        return Version(told or self._settings.default_version)

    def _known(self, station: Station) -> Quirk | None:
        """What is different about stations of this make, remembered from its last boot."""
        if station.hardware is None:
            return None
        try:
            return self._quirks.of(station.hardware)
        except QuirkConflict as error:
            log.warning("two quirks claim a station; none is used", station=station.identity, why=str(error))
            return None

    def _make(self, station: Station) -> Make | None:
        quirk = self._known(station)
        return None if quirk is None else Make(quirk.name, quirk.title, quirk.behaviour)

    async def _quirk(self, station: Station) -> QuirkInUse | None:
        """The quirk of its make, at work for this station."""
        quirk = self._known(station)
        if quirk is None:
            return None

        def applied(kind: str, direction: Direction) -> None:
            told = Oddity.at(OddityKind.QUIRK, kind, "", quirk.name, direction)
            self._csms.oddities.count(station, told, self._now())

        local = quirk.behaviour.tells_local_time and station.site is not None
        site = await self._csms.context.store.sites.by_id(station.site or "") if local else None
        clock = None if site is None else SiteClock(site.zone, self._now)
        return QuirkInUse(quirk, clocks=clock, applied=applied)

    def _peer(self, line: Link, station: Station, version: Version, journal: ConnectionJournal) -> Peer:
        settings, context = self._settings, self._csms.context
        connection = Connection(
            Role.CSMS,
            Codec(version, wall=context.clock.now),
            ids=context.ids.new,
            timeout=settings.call_timeout,
            unreadable=TRANSACTION_MESSAGES,
        )
        return Peer(
            connection,
            line,
            identity=station.identity,
            on_frame=journal.note,
            mailbox=settings.mailbox,
            queue=settings.call_queue,
            clock=context.clock.monotonic,
        )
