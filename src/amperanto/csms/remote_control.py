"""F. Remote control: start, stop, unlock, reset, trigger.

A remote start is remembered before it is sent, since the station may report the start before it answers. 1.6
cannot say `remoteStartId`, so its next start with that token at that EVSE is the one meant (R5); in 2.x the
station says it. What is remembered is forgotten after two minutes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from amperanto.csms.block import Block, Context
from amperanto.csms.errors import NotSpoken, StationBusy, StationNotAccepted, StationOffline
from amperanto.domain.stations import StationId
from amperanto.domain.tokens import Token
from amperanto.domain.transactions import Transaction
from amperanto.ocpp import v2
from amperanto.ocpp.errors import CallRefused
from amperanto.stores.store import Unit

R = TypeVar("R", bound=v2.Response)

REMEMBERED_FOR = 120.0
START = v2.RequestStartStopStatus


@dataclass(frozen=True, slots=True)
class _Asked:
    remote_start: int
    token: str
    evse: int | None
    until: float


class RemoteControl(Block):
    """F. Remote control."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._asked: dict[StationId, list[_Asked]] = {}

    def remember(self, station: StationId, request: object) -> None:
        """Note a start that is about to be sent; any other request is none of our business."""
        if not isinstance(request, v2.RequestStartTransactionRequest):
            return
        evse = request.evse_id if isinstance(request.evse_id, int) else None
        asked = _Asked(
            request.remote_start_id,
            Token(request.id_token.id_token).key,
            evse,
            self.context.clock.monotonic() + REMEMBERED_FOR,
        )
        self._asked[station] = [*self._fresh(station), asked]

    async def send(self, station: StationId, request: v2.Request[R], *, timeout: float | None, urgent: bool) -> R:
        """Send a command, remembering a start for as long as it may come. Raises as `Stations.call` does."""
        self.remember(station, request)
        try:
            answer = await self.context.stations.call(station, request, timeout=timeout, urgent=urgent)
        except (StationOffline, NotSpoken, StationBusy, StationNotAccepted, CallRefused):
            self._never(station, request)
            raise
        if isinstance(answer, v2.RequestStartTransactionResponse) and answer.status == START.REJECTED:
            self._never(station, request)
        return answer

    def _never(self, station: StationId, request: object) -> None:
        """A start the station will not make: the next one there is somebody else's."""
        if isinstance(request, v2.RequestStartTransactionRequest):
            for one in self._fresh(station):
                if one.remote_start == request.remote_start_id:
                    self._forget(station, one)

    def recognised(self, unit: Unit, transaction: Transaction) -> Transaction:
        """The started transaction, with the remote start that asked for it; forgotten once that is kept."""
        asked = self._fresh(transaction.station)
        for one in asked:
            if transaction.remote_start == one.remote_start or self._meant(one, transaction):
                unit.after_commit(partial(self._forget, transaction.station, one))
                return replace(transaction, remote_start=one.remote_start)
        return transaction

    def _forget(self, station: StationId, one: _Asked) -> None:
        self._asked[station] = [other for other in self._fresh(station) if other is not one]

    def _fresh(self, station: StationId) -> list[_Asked]:
        now = self.context.clock.monotonic()
        asked = [one for one in self._asked.get(station, ()) if one.until > now]
        if asked:
            self._asked[station] = asked
        else:
            self._asked.pop(station, None)
        return asked

    def _meant(self, one: _Asked, transaction: Transaction) -> bool:
        if transaction.number is None or transaction.token is None or transaction.where is None:
            return False  # a station that numbers its transactions itself says whose start it is
        return transaction.token.key == one.token and one.evse in (None, transaction.where.evse)
