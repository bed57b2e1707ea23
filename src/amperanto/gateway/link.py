"""One socket of a station, as the CSMS uses it: commands in 2.1's words out, the station's answers back.

The dialect turns a command into the station's own words, sometimes into several requests with one combined answer
(R5); the deadline covers the queue and all of them. What goes wrong on the wire becomes one of `csms.errors`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar, cast

from msgspec import structs

from amperanto.csms.block import Clock
from amperanto.csms.errors import (
    ActionUnknown,
    NotSpoken,
    PayloadRefused,
    StationBusy,
    StationNotAccepted,
    StationOffline,
    StationSilent,
)
from amperanto.dialects import Dialect
from amperanto.dialects.context import Topology
from amperanto.dialects.errors import NotSpoken as NoWord
from amperanto.dialects.quirks.quirk import QuirkInUse
from amperanto.domain.behaviour import ORDINARY
from amperanto.domain.observations import Observation
from amperanto.domain.stations import EvseRef, Registration, Station, StationId
from amperanto.ocpp import Mode, Role, v2
from amperanto.ocpp.catalogue import exchange
from amperanto.ocpp.errors import CallTimedOut, LocalProtocolError, RemoteProtocolError
from amperanto.ocpp.exact import parse
from amperanto.ocpp.shapes import Message, Request, Response
from amperanto.settings import Settings
from amperanto.transport.link import PeerClosed, QueueFull
from amperanto.transport.peer import Peer

R = TypeVar("R", bound=Response)

TRIGGERED = 32
ACCEPTED = "Accepted"
FOR_EACH_CONNECTOR = frozenset({"StatusNotification", "NotifyEvent", "MeterValues"})


class LinkContext:
    """What a dialect may know of the station behind a socket."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.topology = Topology()

    def now(self) -> datetime:
        """The wall clock, UTC."""
        return self._clock.now()

    def transaction_where(self, reference: str) -> EvseRef | None:
        """Not known without a look into the store."""
        return None


class SocketLink:
    """A station's socket. `number` is its fencing number (R4)."""

    def __init__(self, peer: Peer, dialect: Dialect, station: Station, number: int, *, clock: Clock) -> None:
        self.peer = peer
        self.dialect = dialect
        self.station = station
        self.number = number
        self.context = LinkContext(clock)
        self.triggered: set[str] = set()
        self.stale = False
        self.over = asyncio.Event()
        """Set once everything the socket said, and its end, are kept."""
        self.on_told: Callable[[SocketLink, Observation], Awaitable[None]] | None = None
        """Who keeps what stands in the station's answers."""
        self.timeout = 30.0
        """Seconds the station has for an answer where the caller names none; `follow` sets it."""
        self.evses: Callable[[], Awaitable[Sequence[int]]] | None = None
        """Tells which EVSEs the station has told of."""
        self.behaviour = ORDINARY
        """What to expect of stations of its make; `follow` sets it."""
        self._clock = clock

    def follow(self, station: Station, settings: Settings, quirk: QuirkInUse | None) -> None:
        """Treat the socket as the station now asks for: its limits, pings, tolerance, and what its make does."""
        self.station = station
        line, codec = self.peer.link, self.peer.connection.codec
        line.limit(settings.max_message if station.may_speak() else settings.max_message_unaccepted)
        codec.mode = Mode(station.tolerance.value)
        codec.amend = quirk
        self.behaviour = told = ORDINARY if quirk is None else quirk.quirk.behaviour
        self.peer.connection.takes_any_id = told.answers_by_own_ids
        self.timeout = settings.call_timeout if told.answers_within is None else told.answers_within
        usual = settings.ping_interval if told.pings else 0
        interval = usual if station.ping_interval is None else station.ping_interval
        line.keep_alive(interval or None, settings.ping_timeout)

    @property
    def station_id(self) -> StationId:
        """Our id of the station."""
        return self.station.id

    @property
    def identity(self) -> str:
        """The station's OCPP identity."""
        return self.station.identity

    @property
    def ocpp_version(self) -> str:
        """The version this socket speaks."""
        return self.peer.version.value

    @property
    def remote(self) -> str:
        """The address it came from."""
        return self.peer.remote

    def can(self, request: type) -> bool:
        """Whether this station's version has words for that request."""
        return self.dialect.can(request, self.context)

    def fits(self, request: Request[Any]) -> bool:
        """Whether this station's version can say all of this very request."""
        try:
            for wire in self.dialect.write(request, self.context):
                self.peer.connection.codec.encode(wire)
        except (NoWord, LocalProtocolError):
            return False
        return True

    async def call(self, request: Request[R], *, timeout: float | None = None, urgent: bool = False) -> R:
        """Ask in 2.1's words. Raises csms.errors.StationError, or CallRefused for the station's CALLERROR."""
        self._may_ask()
        if self.behaviour.triggers_need_connector and isinstance(request, v2.TriggerMessageRequest):
            each = await self._for_each_evse(request)
            answers = [await self._call(cast(Request[R], one), timeout, urgent) for one in each]
            return next((one for one in answers if getattr(one, "status", None) == ACCEPTED), answers[-1])
        return await self._call(request, timeout, urgent)

    async def _for_each_evse(self, request: v2.TriggerMessageRequest) -> list[v2.TriggerMessageRequest]:
        """The request for each EVSE, where it means all of them and the station takes it for one only."""
        if request.evse is not v2.UNSET or request.requested_message not in FOR_EACH_CONNECTOR or self.evses is None:
            return [request]
        known = [number for number in await self.evses() if number > 0] or [1]
        return [structs.replace(request, evse=v2.EVSE(id=number)) for number in known]

    async def _call(self, request: Request[R], timeout: float | None, urgent: bool) -> R:
        try:
            wires = self.dialect.write(request, self.context)
        except NoWord as error:
            raise NotSpoken(error.reason) from error
        self._remember_trigger(getattr(request, "requested_message", None))
        until = self._clock.monotonic() + (timeout or self.timeout)
        answers = [await self._ask(wire, until, urgent) for wire in wires]
        told = self.dialect.told(request, answers, self.context)
        if told is not None and self.on_told is not None:
            await self.on_told(self, told)
        return cast(R, self.dialect.hear(request, answers, self.context))

    async def call_raw(
        self, action: str, payload: bytes, *, timeout: float | None = None, urgent: bool = False
    ) -> bytes:
        """Ask with any JSON object in the station's own words; the answer's JSON as it came.

        Raises as `call` does, ActionUnknown and PayloadRefused.
        """
        self._may_ask()
        row = exchange(self.peer.version, action)
        if row is None:
            raise ActionUnknown(f"OCPP {self.peer.version}, which this station speaks, has no {action}")
        if row.sender == Role.STATION.value:
            raise ActionUnknown(f"{action} is said by stations, not to them")
        self._remember_trigger(_object(payload).get("requestedMessage"))
        with _told():
            return await self.peer.call_raw(action, payload, timeout=timeout or self.timeout, urgent=urgent)

    async def _ask(self, wire: Message, until: float, urgent: bool) -> Response:
        left = until - self._clock.monotonic()
        if left <= 0:
            raise StationSilent("the station did not answer in time")
        with _told():
            return await self.peer.call(cast(Request[Response], wire), timeout=left, urgent=urgent)

    def _may_ask(self) -> None:
        """B03.FR.03: nothing is sent to a station whose boot was rejected."""
        if self.station.admitted is Registration.REJECTED:
            raise StationNotAccepted("the station's registration is rejected; accept it first")

    def _remember_trigger(self, asked: object) -> None:
        """A triggered message is allowed while the registration is pending (B02.FR.09)."""
        if isinstance(asked, str) and len(self.triggered) < TRIGGERED:
            self.triggered.add("SignCertificate" if asked.startswith("Sign") else str(asked))
            if asked == "StatusNotification":
                self.triggered.add("NotifyEvent")  # how 2.1 stations tell their states (G01)

    def was_triggered(self, action: str) -> bool:
        """Whether we asked for this message; one answer to a trigger, or one for each connector."""
        if action not in self.triggered:
            return False
        if action not in FOR_EACH_CONNECTOR:
            self.triggered.discard(action)
        return True

    async def ping(self, timeout: float) -> bool:
        """Whether anything is heard from the station within `timeout` seconds."""
        return await self.peer.ping(timeout)

    async def close(self, code: int, reason: str) -> None:
        """End the socket."""
        await self.peer.close(code, reason)

    def refresh(self) -> None:
        """The station's settings changed: look them up before the next message."""
        self.stale = True


@contextmanager
def _told() -> Generator[None]:
    """What goes wrong on the wire, in the words of `csms.errors`."""
    try:
        yield
    except PeerClosed as error:
        raise StationOffline("the station's connection ended before it answered") from error
    except CallTimedOut as error:
        raise StationSilent("the station did not answer in time") from error
    except QueueFull as error:
        raise StationBusy(str(error)) from error
    except LocalProtocolError as error:
        raise NotSpoken(str(error)) from error


def _object(payload: bytes) -> dict[str, Any]:
    """The JSON object in a raw payload. Raises PayloadRefused."""
    try:
        found = parse(payload)
    except RemoteProtocolError as error:
        raise PayloadRefused(f"the request cannot be sent: {error.description}") from error
    if not isinstance(found, dict):
        raise PayloadRefused("the request must be a JSON object")
    return cast(dict[str, Any], found)


_HEAD = re.compile(r'\[\s*(\d)\s*,\s*"([^"\\]{0,255})"(?:\s*,\s*"([A-Za-z0-9]{1,64})")?')


def head(text: str) -> tuple[str | None, str | None]:
    """The message id and, of a call, the action, as far as the beginning of a frame tells."""
    if text.startswith('[3,"'):  # as we write each of our answers: the pattern takes five times as long
        message_id, closed, _ = text[4:264].partition('"')
        if closed and len(message_id) <= 255 and "\\" not in message_id:
            return message_id, None
    match = _HEAD.match(text)
    if match is None:
        return None, None
    return match[2], match[3] if match[1] in ("2", "6") else None
