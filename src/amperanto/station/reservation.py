"""H. Reservation: a place kept free for a token, by EVSE or any EVSE of the station.

A reservation of an EVSE makes it Reserved. One that names none keeps as many EVSEs free as there are such
reservations: when no more are free than that, they are all Reserved (H01). Who may start there is who it is for,
or another token of its group, which may have to be asked for (H03). It ends when it is used, cancelled, expired, or
when its EVSE breaks or goes out of service; the same number replaces. Like being out of service it outlives a
restart (B01.FR.13). What the version cannot say of its end (1.6) is told by the connector's state alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from amperanto.domain.observations import ReservationEnded
from amperanto.domain.tokens import UNKNOWN_TYPE, Token
from amperanto.ocpp import v2
from amperanto.ocpp.shapes import or_none
from amperanto.station.availability import Availability
from amperanto.station.block import Block, Then, handles
from amperanto.station.evse import Evse

SAID = v2.ReserveNowStatus
CONTROLLER = "ReservationCtrlr"
LONGEST_PAUSE = 60.0
"""Seconds until the next look at the station's clock, which the CSMS may set meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A reservation as the station keeps it; `evse` None: any, of that connector type if one is named."""

    number: int
    token: Token
    expires_at: datetime
    evse: int | None = None
    connector_type: str | None = None
    group: str | None = None

    def is_for(self, token: Token, group: str | None) -> bool:
        """Whether that token, of that group as far as it is known, is whom it waits for (C01, H03)."""
        same_kind = token.type == self.token.type or UNKNOWN_TYPE in (token.type, self.token.type)
        if token.key == self.token.key and same_kind:
            return True
        return self.group is not None and group is not None and self.group.casefold() == group.casefold()

    def suits(self, evse: Evse) -> bool:
        """Whether it could be used there."""
        of_type = self.connector_type in (None, evse.outlet.connector_type)
        return of_type and self.evse in (None, evse.number)


class Reservations(Block):
    """H. Reservation."""

    def __init__(self, availability: Availability) -> None:
        super().__init__(availability.context, availability.line)
        self._availability = availability
        self._held: dict[int, Held] = {}
        self.on_end: list[Callable[[], None]] = []
        """Who waits for reservations to end without a use."""
        self.since: dict[int, datetime] = {}
        """When each was made, also of those that were used or ended."""
        availability.on_look.append(self._look)

    @property
    def held(self) -> list[Held]:
        """What is reserved, the oldest first."""
        return list(self._held.values())

    # --- what the CSMS asks

    @handles(v2.ReserveNowRequest)
    def reserve(self, asked: v2.ReserveNowRequest) -> v2.ReserveNowResponse | Then:
        """Keep a place (H01)."""
        group = or_none(asked.group_id_token)
        wanted = Held(
            number=asked.id,
            token=Token(asked.id_token.id_token, asked.id_token.type),
            expires_at=asked.expiry_date_time,
            evse=or_none(asked.evse_id) or None,
            connector_type=or_none(asked.connector_type),
            group=None if group is None else group.id_token,
        )
        status = self._verdict(wanted)
        if status is not SAID.ACCEPTED:
            return v2.ReserveNowResponse(status=status)
        self._held[wanted.number] = wanted
        self.since[wanted.number] = self.context.now()
        self.context.spawn(self._expire(wanted))
        self._mark()
        return Then(v2.ReserveNowResponse(status=status), self._report)

    @handles(v2.CancelReservationRequest)
    def cancel(self, asked: v2.CancelReservationRequest) -> v2.CancelReservationResponse | Then:
        """Give a place up (H02)."""
        words = v2.CancelReservationStatus
        if self._held.pop(asked.reservation_id, None) is None:
            return v2.CancelReservationResponse(status=words.REJECTED)
        self._mark()
        return Then(v2.CancelReservationResponse(status=words.ACCEPTED), self._cancelled)

    # --- who may charge

    def admits(self, token: Token, group: str | None, evse: Evse) -> bool:
        """Whether the token may start there."""
        return not evse.reserved or any(one.is_for(token, group) for one in self._waiting_at(evse))

    def may_admit(self, token: Token, evse: Evse) -> bool:
        """Whether it may start there, or may turn out to be of the group that may (H03)."""
        by_group = any(one.group is not None for one in self._waiting_at(evse))
        return by_group or self.admits(token, None, evse)

    def use(self, token: Token, group: str | None, evse: Evse) -> None:
        """The token starts there: the reservation it has is used, and told with the transaction (H03)."""
        found = next((one for one in self._waiting_at(evse) if one.is_for(token, group)), None)
        evse.claim = None
        if found is not None:
            del self._held[found.number]
            evse.claim = (token, found.number)

    def unused(self, number: int) -> None:
        """The token came, but no car within EVConnectionTimeOut (2.1, H03)."""
        if self.context.habits.tells_unused_reservations:
            self._tell_end(number, "NoTransaction")
        self._ended()

    def _waiting_at(self, evse: Evse) -> list[Held]:
        """Whom the place waits for: the holder of that EVSE, else those who may choose."""
        own = [one for one in self.held if one.evse == evse.number]
        return own or [one for one in self.held if one.evse is None and one.suits(evse)]

    # --- what can be reserved

    def _verdict(self, wanted: Held) -> v2.ReserveNowStatus:
        flag = self.context.variables.flag
        enabled = flag(CONTROLLER, "Available") and flag(CONTROLLER, "Enabled")
        suited = [evse for evse in self.context.evses.values() if wanted.suits(evse)]
        unspecific = wanted.evse is None and not flag(CONTROLLER, "NonEvseSpecific")
        if not enabled or unspecific or not suited or wanted.expires_at <= self.context.now():
            return SAID.REJECTED
        others = [one for one in self.held if one.number != wanted.number]
        hindrances = [self._hindrance(evse, others) for evse in suited]
        if None not in hindrances:
            order = (SAID.OCCUPIED, SAID.FAULTED, SAID.UNAVAILABLE)
            return next(status for status in order if status in hindrances)
        return SAID.ACCEPTED if self._has_room(others, wanted) else SAID.OCCUPIED

    def _hindrance(self, evse: Evse, others: Iterable[Held]) -> v2.ReserveNowStatus | None:
        """Why this EVSE cannot be reserved beside the others."""
        if evse.fault is not None:
            return SAID.FAULTED
        if not evse.operative:
            return SAID.UNAVAILABLE
        taken = evse.token is not None or any(one.evse == evse.number for one in others)
        return SAID.OCCUPIED if taken or (evse.plugged and not evse.reserved) else None

    def _has_room(self, others: list[Held], wanted: Held) -> bool:
        """Whether each reservation that names no EVSE still finds one, with the wanted one among them."""
        held = [*others, wanted]
        free = self._free(held)
        return all(len(waiting) <= len(places) for waiting, places in _groups(held, free))

    def _free(self, held: list[Held]) -> list[Evse]:
        """The EVSEs that nobody uses and nobody has for himself; a car that waits at a reserved one is no user."""
        named = {one.evse for one in held}
        return [
            evse
            for evse in self.context.evses.values()
            if evse.usable and evse.number not in named and (evse.reserved or not evse.plugged)
        ]

    # --- what changes

    def _look(self) -> None:
        """Something changed at an EVSE: end what cannot be kept, and mark what is reserved now."""
        for one in self.held:
            evse = None if one.evse is None else self.context.evses[one.evse]
            if evse is not None and (evse.fault is not None or not evse.operative):
                self._end(one, "Removed")
        for evse in self._mark():
            self._availability.report(evse.where)

    def _mark(self) -> list[Evse]:
        """Say of each EVSE whether it is reserved; those where that is news."""
        held = self.held
        kept = {evse.number for evse in self.context.evses.values() if any(one.evse == evse.number for one in held)}
        for waiting, places in _groups(held, self._free(held)):
            if waiting and len(waiting) >= len(places):
                kept |= {evse.number for evse in places}
        news: list[Evse] = []
        for evse in self.context.evses.values():
            reserved = evse.number in kept and evse.usable
            if reserved is not evse.reserved:
                evse.reserved = reserved
                news.append(evse)
        return news

    def _ended(self) -> None:
        for heard in self.on_end:
            heard()

    async def _cancelled(self) -> None:
        await self._report()
        self._ended()

    async def _report(self) -> None:
        self._availability.catch_up()

    async def _expire(self, held: Held) -> None:
        """End it when its time has come by the station's clock (H04)."""
        while self._held.get(held.number) is held:
            left = (held.expires_at - self.context.now()).total_seconds()
            if left > 0:
                await self.context.clock.sleep(min(left, LONGEST_PAUSE))
                continue
            self._end(held, "Expired")
            self._mark()
            self._availability.catch_up()

    def _end(self, held: Held, status: str) -> None:
        del self._held[held.number]
        self._tell_end(held.number, status)
        self._ended()

    def _tell_end(self, number: int, status: str) -> None:
        told = ReservationEnded(number=number, status=status)
        if self.can_say(told):
            self.context.spawn(self._tell_once_ready(told))

    async def _tell_once_ready(self, told: ReservationEnded) -> None:
        """What ended while the line was down is told afterwards."""
        await self.line.ready()
        await self.tell(told)


def _groups(held: list[Held], free: list[Evse]) -> list[tuple[list[Held], list[Evse]]]:
    """Who waits for any EVSE of a connector type, and the free ones of it; and last, all who wait for any at all."""
    waiting = [one for one in held if one.evse is None]
    types = sorted({one.connector_type for one in waiting if one.connector_type is not None})
    typed = [
        (
            [one for one in waiting if one.connector_type == kind],
            [evse for evse in free if evse.outlet.connector_type == kind],
        )
        for kind in types
    ]
    return [*typed, (waiting, free)]
