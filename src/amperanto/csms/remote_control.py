"""F. Remote control: start, stop, unlock, reset, trigger.

A remote start is remembered before it is sent, since the station may report the start before it answers. 1.6
cannot say `remoteStartId`, so its next start with that token at that EVSE is the one meant (R5); in 2.x the
station says it. What is remembered is forgotten after two minutes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from amperanto.csms.block import Block, Context
from amperanto.domain.stations import StationId
from amperanto.domain.tokens import Token
from amperanto.domain.transactions import Transaction
from amperanto.ocpp import v2
from amperanto.stores.store import Unit

REMEMBERED_FOR = 120.0


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
        self._asked.setdefault(station, []).append(asked)

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
        if transaction.remote_start is not None or transaction.token is None or transaction.where is None:
            return False
        return transaction.token.key == one.token and one.evse in (None, transaction.where.evse)
