"""Looking for transactions among very many: each question has its index, so a page takes the same time at a million.

Without a time asked for, the newest (by when we first heard of them) come first; with one, the latest started. So the
order is always that of an index, and a page reads about as many rows as it shows.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any, TypedDict

from sqlalchemy import BigInteger, bindparam, literal_column, tuple_

from amperanto.domain.stations import StationId
from amperanto.domain.transactions import TransactionState
from amperanto.stores.columns import Timestamp, Words
from amperanto.stores.scope import owned
from amperanto.stores.statements import Statement
from amperanto.stores.tables import transactions

_c = transactions.c
OPEN = _c.state == literal_column(f"'{TransactionState.OPEN}'")
"""Whether a transaction is open, said so that the partial indexes of open ones serve it."""
HELD = _c.review.is_not(None)
"""Whether a person must decide about a transaction, said so that the partial index of those serves it."""
_EQUAL = {"station": _c.station, "state": _c.state, "evse": _c.evse, "token_key": _c.token_key}


class Sought(TypedDict, total=False):
    """Which transactions: those for which all of this holds. `started_from` is in, `started_to` is not."""

    station: StationId | None
    state: TransactionState | None
    evse: int | None
    token: str | None
    held: bool | None
    started_from: datetime | None
    started_to: datetime | None


def by_start(sought: Sought) -> bool:
    """Whether they come by their start, the latest first."""
    return sought.get("started_from") is not None or sought.get("started_to") is not None


def parameters(sought: Sought) -> dict[str, Any]:
    """What is asked for, as the statement's parameters."""
    wanted = {name: value for name, value in sought.items() if value is not None}
    token = wanted.pop("token", None)
    if wanted.get("state") is TransactionState.OPEN:
        wanted["open"] = wanted.pop("state")
    if "held" in wanted:
        wanted["held" if wanted.pop("held") else "not_held"] = True
    return wanted if token is None else {**wanted, "token_key": str(token).casefold()}


def after(sought: Sought, cursor: str | None) -> dict[str, Any]:
    """The parameters of a page's beginning. Raises ValueError for a cursor that no page gave."""
    if cursor is None:
        return {}
    if not by_start(sought):
        return {"before": cursor}
    at, found, before = cursor.partition("~")
    if not found:
        raise ValueError("the cursor is of another list")
    return {"before_at": datetime.fromisoformat(at), "before": before}


@cache
def statement(names: frozenset[str], from_latest: bool) -> Statement:
    """The page's statement for these parameters."""
    chosen = owned(transactions).where(*(column == bindparam(name) for name, column in _EQUAL.items() if name in names))
    if "open" in names:
        chosen = chosen.where(OPEN)
    if "held" in names:
        chosen = chosen.where(HELD)
    if "not_held" in names:
        chosen = chosen.where(~HELD)
    if "started_from" in names:
        chosen = chosen.where(_c.started_at >= bindparam("started_from", type_=Timestamp()))
    if "started_to" in names:
        chosen = chosen.where(_c.started_at < bindparam("started_to", type_=Timestamp()))
    if from_latest and "before" in names:
        place = tuple_(bindparam("before_at", type_=Timestamp()), bindparam("before", type_=Words()))
        chosen = chosen.where(tuple_(_c.started_at, _c.id) < place)
    elif "before" in names:
        chosen = chosen.where(_c.id < bindparam("before"))
    order = (_c.started_at.desc(), _c.id.desc()) if from_latest else (_c.id.desc(),)
    return Statement(chosen.order_by(*order).limit(bindparam("limit", type_=BigInteger())))
