"""Transactions: rows ↔ `domain.transactions.Transaction`.

What people search by has columns; the marks by which late reports find their place are one JSON text. A
transaction counts against its token's limit while it is open and its token was not refused: then
`open_token_key` is set, and the condition of `Unit.require_open_transactions_at_most` counts those rows. Open
transactions are cached by the station's reference.
"""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter
from typing import Any, Unpack

import msgspec
from sqlalchemy import BigInteger, Integer, bindparam, case, func, update

from amperanto.domain.clocks import Clock
from amperanto.domain.findings import Judgement
from amperanto.domain.loose_ends import Loose
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import ChargingState, EvseRef, OrganisationId, StationId
from amperanto.domain.tokens import Authorization, Token
from amperanto.domain.transactions import (
    NO_CLOCK,
    NOT_LOOSE,
    UNJUDGED,
    UNLIMITED,
    UNUSED,
    Limits,
    Mark,
    Reading,
    Transaction,
    TransactionState,
    Usage,
)
from amperanto.stores.columns import Timestamp
from amperanto.stores.scope import across, owned
from amperanto.stores.statements import Row, Statement
from amperanto.stores.tables import transactions
from amperanto.stores.transaction_search import OPEN, Sought, after, by_start, parameters, statement
from amperanto.stores.work import PAGE, Page, Work, page_of, page_size

_c = transactions.c
NEARBY = 20  # how many transactions around a time are looked at
MOST_OPEN = 500  # no station has so many places; one that opens more than it has must not cost more and more
_OWN = "the node acts for a station it knows by our id"
_BY_REFERENCE = Statement(
    across(transactions, because=_OWN)
    .where(_c.station == bindparam("station"), _c.reference == bindparam("reference"))
    .order_by(case((OPEN, 0), else_=1), func.coalesce(_c.started_at, _c.ended_at).desc(), _c.id.desc())
    .limit(1)
)
_BEGUN_BY = Statement(
    across(transactions, because=_OWN)
    .where(
        _c.station == bindparam("station"),
        _c.reference == bindparam("reference"),
        _c.started_at <= bindparam("until", type_=Timestamp()),
    )
    .order_by(_c.started_at.desc(), _c.id.desc())
    .limit(1)
)
_BY_NUMBER = Statement(
    across(transactions, because=_OWN).where(_c.station == bindparam("station"), _c.number == bindparam("number"))
)
_OPEN_AT = Statement(
    across(transactions, because=_OWN)
    .where(_c.station == bindparam("station"), OPEN)
    .order_by(_c.id.desc())
    .limit(MOST_OPEN)
)
_STARTED_AT = Statement(
    across(transactions, because=_OWN)
    .where(_c.station == bindparam("station"), _c.started_at == bindparam("started_at"))
    .order_by(_c.id)
)
_STARTED_AFTER = Statement(
    across(transactions, because=_OWN)
    .where(_c.station == bindparam("station"), _c.started_at > bindparam("after", type_=Timestamp()))
    .order_by(_c.started_at)
    .limit(NEARBY)
)
_STARTED_BEFORE = Statement(
    across(transactions, because=_OWN)
    .where(_c.station == bindparam("station"), _c.started_at <= bindparam("until", type_=Timestamp()))
    .order_by(_c.started_at.desc())
    .limit(NEARBY)
)
_ENDED_SO = Statement(
    across(transactions, because=_OWN).where(
        _c.station == bindparam("station"), _c.ended_at == bindparam("ended_at", type_=Timestamp())
    )
)
_GET = Statement(owned(transactions).where(_c.id == bindparam("id")))
_COUNT_OPEN = Statement(
    owned(transactions, func.count(type_=Integer()).label("open")).where(
        _c.open_token_key == bindparam("token_key"), _c.id != bindparam("except_id")
    )
)
_ADD = Statement(transactions.insert(), rank=30)
_SAVE = Statement(
    update(transactions).where(
        _c.id == bindparam("key_id"), _c.revision == bindparam("key_revision", type_=BigInteger())
    ),
    rank=31,
    exact=True,
    columns=[column.key for column in _c if column.key != "id"],
)
# One that ends gives its reference free, before another takes it in the same unit; one that was added by this very unit
# can only be changed after that.
_CLOSE = Statement(
    update(transactions).where(
        _c.id == bindparam("key_id"), _c.revision == bindparam("key_revision", type_=BigInteger())
    ),
    rank=29,
    exact=True,
    columns=[column.key for column in _c if column.key != "id"],
)
# What is searched by, or told once. While none of it changes a save leaves it alone: a database updates each index
# of a column that is written, whether its value changed or not, and here that is six of them for every reading.
_SETTLED = (
    "organisation", "station", "reference", "number", "state", "token", "authorization", "started_at", "ended_at",
    "reason", "received_at", "judgement",
)  # fmt: skip
_settled = attrgetter(*_SETTLED)
_GROW = Statement(
    update(transactions).where(
        _c.id == bindparam("key_id"), _c.revision == bindparam("key_revision", type_=BigInteger())
    ),
    rank=31,
    exact=True,
    columns=[
        "evse", "connector", "charging", "energy_wh", "remote_start", "reservation", "offline", "flags", "marks",
        "revision",
    ],
)  # fmt: skip


class Marks(msgspec.Struct, omit_defaults=True):
    """What only the aggregate itself needs."""

    heard: tuple[tuple[int, int], ...] = ()
    where: Mark | None = None
    token: Mark | None = None
    charging: Mark | None = None
    first: Reading | None = None
    last: Reading | None = None
    # The very objects the aggregate begins with: what is still one of them is left out.
    clock: Clock = NO_CLOCK
    loose: Loose = NOT_LOOSE
    usage: Usage = UNUSED
    limits: Limits = UNLIMITED


_MARKS = msgspec.json.Decoder(Marks)
_AUTHORIZATION = msgspec.json.Decoder(Authorization)
_JUDGEMENT = msgspec.json.Decoder(Judgement)
_ADDED = "transaction added"
_FLAGS = msgspec.json.Decoder(tuple[str, ...])


class Transactions:
    """The transactions of all stations."""

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        self._work = work

    async def by_reference(self, station: StationId, reference: str) -> Transaction | None:
        """The station's latest transaction of that reference (cached while open)."""
        kept = self._work.caches.open_transactions
        if not self._work.fresh and (found := kept.get((station, reference))) is not None:
            return found
        generation = kept.generation
        found = await self._read(_BY_REFERENCE, station=station, reference=reference)
        if found is not None and found.state is TransactionState.OPEN:
            kept.offer((station, reference), found, generation)
        return found

    async def begun_by(self, station: StationId, reference: str, at: datetime) -> Transaction | None:
        """The last transaction of that reference that had started by then, as the station told it."""
        return await self._read(_BEGUN_BY, station=station, reference=reference, until=at)

    async def by_number(self, station: StationId, number: int) -> Transaction | None:
        """The station's transaction of that 1.6 number."""
        return await self._read(_BY_NUMBER, station=station, number=number)

    async def open_at(self, station: StationId) -> list[Transaction]:
        """The station's open transactions, oldest first; of too many the latest."""
        rows = await self._work.several(_OPEN_AT, {"station": station})
        return [_transaction(row) for row in reversed(rows)]

    async def open_of_token(self, organisation: OrganisationId, token_key: str, except_id: str = "") -> int:
        """How many open, not refused transactions the token has, but for the one of that id."""
        row = await self._work.one(
            _COUNT_OPEN, {"organisation": organisation, "token_key": token_key, "except_id": except_id}
        )
        return 0 if row is None else row["open"]

    async def same_start(
        self,
        station: StationId,
        *,
        where: EvseRef | None,
        token: Token | None,
        at: datetime,
        meter: WattHours | None,
    ) -> Transaction | None:
        """The transaction of a start with the same content (R1: place, token, time and meter)."""
        for row in await self._work.several(_STARTED_AT, {"station": station, "started_at": at}):
            found = _transaction(row)
            same_token = (found.token and found.token.key) == (token and token.key)
            if found.where == where and same_token and found.meter_start == meter:
                return found
        return None

    async def started_after(self, station: StationId, after: datetime) -> list[Transaction]:
        """The first transactions there that started after that time, as the station told it."""
        rows = await self._work.several(_STARTED_AFTER, {"station": station, "after": after})
        return [_transaction(row) for row in rows]

    async def started_before(self, station: StationId, at: datetime) -> list[Transaction]:
        """The last transactions there that had started by that time, the latest first."""
        rows = await self._work.several(_STARTED_BEFORE, {"station": station, "until": at})
        return [_transaction(row) for row in rows]

    async def ended_at(self, station: StationId, at: datetime) -> list[Transaction]:
        """The transactions there that ended at that very time, as the station told it."""
        rows = await self._work.several(_ENDED_SO, {"station": station, "ended_at": at})
        return [_transaction(row) for row in rows]

    async def get(self, organisation: OrganisationId, transaction: str) -> Transaction | None:
        """The organisation's transaction of our id."""
        return await self._read(_GET, organisation=organisation, id=transaction)

    async def list(
        self,
        organisation: OrganisationId,
        *,
        cursor: str | None = None,
        limit: int = PAGE,
        **sought: Unpack[Sought],
    ) -> Page[Transaction]:
        """A page of what is sought, in the order `transaction_search` tells. Raises ValueError for a strange cursor."""
        limit = page_size(limit)
        wanted, latest = parameters(sought) | after(sought, cursor), by_start(sought)
        rows = await self._work.scan(
            statement(frozenset(wanted), latest), {**wanted, "organisation": organisation, "limit": limit + 1}
        )
        return page_of([_transaction(row) for row in rows], limit, _started if latest else _id)

    def add(self, transaction: Transaction) -> None:
        """Keep a new transaction.

        ConflictError at the commit if its number, or its reference while open, is taken.
        """
        self._work.record(_ADD, {**_row(transaction), "id": transaction.id})
        self._work.pending[_ADDED, transaction.id] = {}
        self._exchange(transaction)

    def save(self, transaction: Transaction) -> Transaction:
        """Change a transaction that was read with this revision.

        Returns it as it will stand (revision + 1).
        """
        saved = transaction.saved()
        key = {"key_id": transaction.id, "key_revision": transaction.revision}
        if self._only_grown(transaction):
            self._work.record(_GROW, _growing(saved) | key)
        else:
            added = (_ADDED, transaction.id) in self._work.pending
            statement = _SAVE if added or transaction.state is TransactionState.OPEN else _CLOSE
            self._work.record(statement, _row(saved) | key)
        self._exchange(saved)
        return saved

    def _only_grown(self, transaction: Transaction) -> bool:
        """Whether what is settled stands in the row already: in the row this revision is of, if that is known."""
        before = self._work.caches.open_transactions.get((transaction.station, transaction.reference))
        if before is None or (before.id, before.revision) != (transaction.id, transaction.revision):
            return False
        return _settled(before) == _settled(transaction)

    def _exchange(self, transaction: Transaction) -> None:
        lasting = transaction if transaction.state is TransactionState.OPEN else None
        key = (transaction.station, transaction.reference)
        self._work.exchange(self._work.caches.open_transactions, key, lasting)

    async def _read(self, statement: Statement, **parameters: Any) -> Transaction | None:
        row = await self._work.one(statement, parameters)
        return None if row is None else _transaction(row)


def _id(transaction: Transaction) -> str:
    return transaction.id


def _started(transaction: Transaction) -> str:
    at = transaction.started_at
    return f"{'' if at is None else at.isoformat()}~{transaction.id}"


def _growing(transaction: Transaction) -> dict[str, Any]:
    """The columns that change while it runs."""
    where, energy = transaction.where, transaction.energy
    marks = Marks(
        heard=transaction.heard, where=transaction.where_mark, token=transaction.token_mark,
        charging=transaction.charging_mark, first=transaction.first_reading, last=transaction.last_reading,
        clock=transaction.clock, loose=transaction.loose, usage=transaction.usage, limits=transaction.limits,
    )  # fmt: skip
    return {
        "evse": None if where is None else where.evse,
        "connector": None if where is None else where.connector,
        "charging": transaction.charging,
        "energy_wh": None if energy is None else str(energy.value),
        "remote_start": transaction.remote_start,
        "reservation": transaction.reservation,
        "offline": transaction.offline,
        "flags": _json(transaction.flags) if transaction.flags else "[]",
        "marks": _json(marks),
        "revision": transaction.revision,
    }


def _row(transaction: Transaction) -> dict[str, Any]:
    token = transaction.token
    counts = transaction.state is TransactionState.OPEN and transaction.accepted
    return _growing(transaction) | {
        "organisation": transaction.organisation,
        "station": transaction.station,
        "reference": transaction.reference,
        "number": transaction.number,
        "state": transaction.state,
        "token_uid": None if token is None else token.uid,
        "token_type": None if token is None else token.type,
        "open_token_key": token.key if token is not None and counts else None,
        "authorization": _json(transaction.authorization),
        "started_at": transaction.started_at,
        "ended_at": transaction.ended_at,
        "reason": transaction.reason,
        "received_at": transaction.received_at,
        "judgement": None if transaction.judgement == UNJUDGED else _json(transaction.judgement),
        "token_key": None if token is None else token.key,
        "review": transaction.judgement.review,
    }


def _json(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


def _transaction(row: Row) -> Transaction:
    marks = _MARKS.decode(row["marks"])
    return Transaction(
        id=row["id"],
        organisation=row["organisation"],
        station=row["station"],
        reference=row["reference"],
        number=row["number"],
        state=TransactionState(row["state"]),
        where=None if row["evse"] is None else EvseRef(row["evse"], row["connector"]),
        token=None if row["token_uid"] is None else Token(row["token_uid"], row["token_type"]),
        authorization=None if row["authorization"] is None else _AUTHORIZATION.decode(row["authorization"]),
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        charging=None if row["charging"] is None else ChargingState(row["charging"]),
        reason=row["reason"],
        first_reading=marks.first,
        last_reading=marks.last,
        remote_start=row["remote_start"],
        reservation=row["reservation"],
        offline=row["offline"],
        heard=marks.heard,
        where_mark=marks.where,
        token_mark=marks.token,
        charging_mark=marks.charging,
        received_at=row["received_at"],
        flags=_FLAGS.decode(row["flags"]),
        clock=marks.clock,
        loose=marks.loose,
        usage=marks.usage,
        limits=marks.limits,
        judgement=UNJUDGED if row["judgement"] is None else _JUDGEMENT.decode(row["judgement"]),
        revision=row["revision"],
    )
