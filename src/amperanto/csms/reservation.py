"""H. Reservation: a place kept for a token, followed from the wish to its end.

A reservation is kept before it is sent and its outcome afterwards, since the station may report its use before it
answers; one that nobody answered stays Asked, and counts as held until it expires. Its number is random and unlike
any other of that station. It ends by what the station tells (ReservationStatusUpdate, a transaction that carries
the number); where a version cannot say it (1.6), by what follows from the rest: a start of its token or group
there, a connector that broke, and our clock, a minute after its time. None of that sends anything.

Whether somebody else may charge at a reserved place is the station's to decide: neither Authorize nor a start is
answered otherwise because of a reservation; the CSMS tells the token's group (H03) and nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from amperanto.csms.access import Principal
from amperanto.csms.block import Block, Teller, handles
from amperanto.csms.errors import NotSpoken, StationError, StationOffline, StationSilent
from amperanto.csms.records import Named
from amperanto.domain import events
from amperanto.domain.decisions import Noted
from amperanto.domain.errors import ReservationOver, TokenNotAccepted, UnknownReservation
from amperanto.domain.observations import ReservationEnded, TransactionEnded, TransactionReport
from amperanto.domain.reservations import GIVES_WAY, Reservation, ReservationState, meant
from amperanto.domain.stations import Availability, Connector, OrganisationId, Station, StationId
from amperanto.domain.tokens import UNKNOWN_TYPE, AuthorizationStatus, Token
from amperanto.domain.transactions import Transaction
from amperanto.ocpp import v2
from amperanto.ocpp.errors import CallRefused
from amperanto.stores.store import Unit
from amperanto.stores.work import Page

FIRST_NUMBER, LAST_NUMBER = 1, 2**31 - 1
GRACE = timedelta(minutes=1)
"""How long after its time a reservation counts as held: what happened before it may still be on its way."""
AT_ONCE = 100
CARD, GROUP = "ISO14443", "Central"
STATE = ReservationState
UNUSABLE = frozenset({Availability.FAULTED, Availability.UNAVAILABLE})
TOLD = {state.value: state for state in (STATE.EXPIRED, STATE.REMOVED, STATE.NO_TRANSACTION)}
NOT_KNOWN = "the station knew of no such reservation when it was to be cancelled"
_NOTED = Noted()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What to keep free, for whom, until when; `replaces` is our id of the reservation whose place it takes."""

    token: Token
    expires_at: datetime
    evse: int | None = None
    connector_type: str | None = None
    group: str | None = None
    replaces: str | None = None


class Reservations(Block):
    """H. Reservation."""

    # --- what people ask for

    async def reserve(self, station: Station, wish: Wish, *, timeout: float | None = None) -> Reservation:
        """H01: ask the station to keep a place. Its no is data: a Refused reservation with the station's word.

        Raises as `Stations.call` does; TokenNotAccepted, UnknownReservation, ReservationOver before anything is sent.
        """
        link = self.context.stations.reach(station.id)
        if not link.can(v2.ReserveNowRequest):
            raise NotSpoken("the station's OCPP version cannot reserve")
        asked = await self._asked(station, wish)
        try:
            answer = await link.call(_request(asked), timeout=timeout, urgent=True)
        except (StationOffline, StationSilent) as error:
            why = str(error)
            await self._settle(station, asked, lambda one: one.unanswered(why))
            raise
        except (StationError, CallRefused) as error:
            why = str(error)
            await self._settle(station, asked, lambda one: one.refused(why, self.context.clock.now()))
            raise
        word = str(answer.status)
        if answer.status == v2.ReserveNowStatus.ACCEPTED:
            return await self._settle(station, asked, lambda one: one.accepted(word))
        return await self._settle(station, asked, lambda one: one.refused(word, self.context.clock.now()))

    async def cancel(self, who: Principal, reservation: str, *, timeout: float | None = None) -> Reservation:
        """H02: give it up. A station that knows of none tells us that it ended without our hearing of it.

        Raises UnknownReservation, ReservationOver, and as `Stations.call` does.
        """
        found = await self._of(who.organisation, reservation)
        if not found.live:
            raise ReservationOver(f"the reservation ended already ({found.state})")
        request = v2.CancelReservationRequest(reservation_id=found.number)
        answer = await self.context.stations.call(found.station, request, timeout=timeout, urgent=True)
        accepted = answer.status == v2.CancelReservationStatus.ACCEPTED
        state, why = (STATE.CANCELLED, None) if accepted else (STATE.REMOVED, NOT_KNOWN)

        async def work(unit: Unit) -> None:
            station = await unit.stations.by_id(found.station)
            for one in await unit.reservations.of_number(found.station, found.number):
                self._put(unit, station, one, one.ended(state, self.context.clock.now(), why))

        await self.context.store.run(work)
        return await self._of(who.organisation, reservation)

    async def reservation(self, who: Principal, reservation: str) -> Named[Reservation]:
        """The organisation's reservation of our id. Raises UnknownReservation."""
        return (await self.named(who, [await self._of(who.organisation, reservation)]))[0]

    async def reservations(
        self,
        who: Principal,
        *,
        station: StationId | None = None,
        state: ReservationState | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Named[Reservation]]:
        """A page of reservations, the newest first."""
        page = await self.context.store.reservations.list(
            who.organisation, station=station, state=state, cursor=cursor, limit=limit
        )
        return Page(tuple(await self.named(who, page.items)), page.next)

    async def named(self, who: Principal, found: Iterable[Reservation]) -> list[Named[Reservation]]:
        """Each with its station's identity; a station that was removed is named by our id."""
        identities: dict[StationId, str] = {}
        named: list[Named[Reservation]] = []
        for one in found:
            if one.station not in identities:
                known = await self.context.store.stations.get(who.organisation, one.station)
                identities[one.station] = one.station if known is None else known.identity
            named.append(Named(identities[one.station], one))
        return named

    # --- what stations tell

    @handles(ReservationEnded)
    async def ended(self, unit: Unit, teller: Teller, told: ReservationEnded) -> Noted:
        """H01, H03, H04: it expired, was removed, or its token came without a car."""
        state = TOLD.get(told.status, STATE.REMOVED)
        for one in await unit.reservations.of_number(teller.station.id, told.number):
            self._put(unit, teller.station, one, one.ended(state, teller.at, told.status))
        return _NOTED

    async def recognised(self, unit: Unit, teller: Teller, told: TransactionReport, grown: Transaction) -> Transaction:
        """H03: the transaction with the reservation it used, which thereby ended."""
        used = await self._used(unit, told, grown)
        if used is None:
            return grown
        self._put(unit, teller.station, used, used.used(grown.id, teller.at))
        return grown if grown.reservation == used.number else replace(grown, reservation=used.number)

    async def unusable(self, unit: Unit, teller: Teller, seen: Connector) -> None:
        """H01: what was reserved there is so no longer, once none of the EVSE's connectors can be used."""
        if seen.availability not in UNUSABLE:
            return
        lost = [
            one
            for one in await unit.reservations.live_at(teller.station.id)
            if one.state is STATE.ACTIVE and one.evse == seen.where.evse
        ]
        if not lost or await self._works_elsewhere(unit, teller.station, seen):
            return
        for one in lost:
            why = f"the EVSE became {seen.availability}"
            self._put(unit, teller.station, one, one.ended(STATE.REMOVED, teller.at, why))

    # --- what falls due

    async def expire(self) -> int:
        """End what has expired by our clock and nobody told us of (1.6 cannot); returns how many."""
        total, ended = 0, AT_ONCE
        while ended == AT_ONCE:
            ended = await self.context.store.run(self._expire_some)
            total += ended
        return total

    async def _expire_some(self, unit: Unit) -> int:
        now = self.context.clock.now()
        due = await unit.reservations.due(now - GRACE, AT_ONCE)
        for one in due:
            self._put(unit, await unit.stations.by_id(one.station), one, one.ended(STATE.EXPIRED, now))
        return len(due)

    # --- inside

    async def _asked(self, station: Station, wish: Wish) -> Reservation:
        """Keep the wish, with a number the station has not heard of, or that of the one it replaces."""

        async def work(unit: Unit) -> Reservation:
            asked = Reservation(
                id=self.context.ids.new(),
                organisation=station.organisation,
                station=station.id,
                number=await self._number(unit, station, wish.replaces),
                token=await self._token(unit, station, wish.token),
                group=wish.group,
                evse=wish.evse,
                connector_type=wish.connector_type,
                created_at=self.context.clock.now(),
                expires_at=wish.expires_at,
            )
            unit.reservations.add(asked)
            return asked

        return await self.context.store.run(work)

    async def _number(self, unit: Unit, station: Station, replaces: str | None) -> int:
        if replaces is not None:
            before = await unit.reservations.get(station.organisation, replaces)
            if before is None or before.station != station.id:
                raise UnknownReservation(f"there is no reservation {replaces} at this station")
            if not before.live:
                raise ReservationOver(f"the reservation to replace ended already ({before.state})")
            return before.number
        while True:
            number = self.context.random.randint(FIRST_NUMBER, LAST_NUMBER)
            if not await unit.reservations.of_number(station.id, number):
                return number

    async def _token(self, unit: Unit, station: Station, token: Token) -> Token:
        """The token as the station will see it: what kind it is, we know, or it is a card."""
        known = await unit.tokens.by_uid(station.organisation, token.uid)
        if known is not None:
            late = known.expires_at is not None and known.expires_at <= self.context.clock.now()
            if late or known.status is not AuthorizationStatus.ACCEPTED:
                state = AuthorizationStatus.EXPIRED if late else known.status
                raise TokenNotAccepted(f"the token {token.uid} may not charge ({state})")
        kinds = (token.type, UNKNOWN_TYPE if known is None else known.token.type, CARD)
        return Token(token.uid, next(kind for kind in kinds if kind != UNKNOWN_TYPE))

    async def _settle(
        self, station: Station, asked: Reservation, change: Callable[[Reservation], Reservation]
    ) -> Reservation:
        """Keep what came of it, unless more has come of it meanwhile; what it replaces is replaced."""

        async def work(unit: Unit) -> Reservation:
            of_number = await unit.reservations.of_number(station.id, asked.number)
            before = next(one for one in of_number if one.id == asked.id)
            after = change(before)
            if after.state is STATE.ACTIVE and before.state is not STATE.ACTIVE:
                now = self.context.clock.now()
                for other in of_number:
                    if other.id != asked.id and other.state is STATE.ACTIVE:
                        self._put(unit, station, other, other.ended(STATE.REPLACED, now))
            return self._put(unit, station, before, after)

        return await self.context.store.run(work)

    def _put(self, unit: Unit, station: Station | None, before: Reservation, after: Reservation) -> Reservation:
        """Save a change and make it known; nothing where nothing changed."""
        if after == before:
            return before
        if station is not None:
            self._tell(unit, station, before, after)
        return unit.reservations.save(after)

    def _tell(self, unit: Unit, station: Station, before: Reservation, after: Reservation) -> None:
        about = {
            "organisation": after.organisation,
            "station": after.station,
            "identity": station.identity,
            "at": after.ended_at or self.context.clock.now(),
            "reservation": after.id,
            "number": after.number,
            "token": after.token,
            "evse": after.evse,
        }
        if after.state is STATE.ACTIVE:
            self.tell(unit, events.ReservationMade(**about, expires_at=after.expires_at))  # type: ignore[arg-type]
        elif after.state is not before.state and after.state is not STATE.REFUSED:
            ended = events.ReservationEnded(**about, state=after.state, transaction=after.transaction)  # type: ignore[arg-type]
            self.tell(unit, ended)

    async def _used(self, unit: Unit, told: TransactionReport, grown: Transaction) -> Reservation | None:
        if told.reservation is not None:
            of_number = await unit.reservations.of_number(grown.station, told.reservation)
            standing = [one for one in of_number if one.state in GIVES_WAY]
            return next((one for one in standing if one.live), standing[0] if standing else None)
        silent = told.token is None or isinstance(told, TransactionEnded) or grown.reservation is not None
        if silent or told.token is None or grown.where is None or not grown.accepted:
            return None
        live = await unit.reservations.live_at(grown.station)
        group = None if grown.authorization is None else grown.authorization.group
        return meant(live, token=told.token, group=group, evse=grown.where.evse, at=told.at)

    async def _works_elsewhere(self, unit: Unit, station: Station, seen: Connector) -> bool:
        """Whether another connector of that EVSE can be used."""
        if seen.where.connector is None:
            return False
        return any(
            one.where.evse == seen.where.evse
            and one.where.connector not in (None, seen.where.connector)
            and one.availability not in UNUSABLE
            for one in await unit.connectors.of(station.organisation, station.id)
        )

    async def _of(self, organisation: OrganisationId, reservation: str) -> Reservation:
        found = await self.context.store.reservations.get(organisation, reservation)
        if found is None:
            raise UnknownReservation(f"there is no reservation {reservation}")
        return found


def _request(reservation: Reservation) -> v2.ReserveNowRequest:
    group = reservation.group
    return v2.ReserveNowRequest(
        id=reservation.number,
        expiry_date_time=reservation.expires_at,
        id_token=v2.IdToken(id_token=reservation.token.uid, type=reservation.token.type),
        evse_id=v2.unless_none(reservation.evse),
        connector_type=v2.unless_none(reservation.connector_type),
        group_id_token=v2.UNSET if group is None else v2.IdToken(id_token=group, type=GROUP),
    )
