"""References used again: which of several transactions under one id a report is of (R10).

A station may use an id for one transaction after the other, lose the end of one, and tell in any order. What it says of
the token and of the register tells them apart; what says the same again, if under another date, is a repeat.
"""

from __future__ import annotations

from amperanto.domain.observations import TransactionEnded, TransactionReport, TransactionStarted
from amperanto.domain.sequences import contains
from amperanto.domain.transactions import END_KIND, Mark, Transaction, readings_of
from amperanto.domain.undated import repeats


def begins_the_next(known: Transaction, told: TransactionReport) -> bool:
    """Whether this Started begins a new transaction under the reference; of one that is open, the end was lost."""
    if not isinstance(told, TransactionStarted) or repeats(known, told):
        return False
    if known.over_at is not None:
        # Its own, told once more after a clock that went back ended it before it began, is no other.
        return told.at > known.over_at and told.at != known.started_at
    return known.started_at is not None and told.at > known.started_at and _is_otherwise(known, told, 1)


def began_the_one_before(known: Transaction, told: TransactionStarted) -> bool:
    """Whether this Started began an earlier transaction under the reference, and is told late."""
    return known.started_at is not None and told.at < known.started_at and _is_otherwise(known, told, -1)


def _is_otherwise(known: Transaction, told: TransactionStarted, way: int) -> bool:
    """Whether it names another token, or a register that is further on (1) or not so far yet (-1)."""
    if known.token is not None and told.token is not None and known.token.key != told.token.key:
        return True
    first, shown = known.first_reading, readings_of(told, Mark(0, told.sequence or 0, told.at))
    return first is not None and bool(shown) and (shown[-1].energy.value - first.energy.value) * way > 0


def ends_another(known: Transaction, told: TransactionEnded) -> bool:
    """Whether this end is of another transaction: stations use −1, 0 or an old id for several (1.6).

    In 2.x it is of the next one under the same id, whose start is still to come, if the meter went on while the numbers
    began anew.
    """
    if repeats(known, told):
        return False
    if told.sequence is None or known.ended_at is None:
        return known.ended_at not in (None, told.at)
    if not contains(known.heard, told.sequence):
        return False
    stop, shown = known.meter_stop, readings_of(told, Mark(END_KIND, told.sequence, told.at))
    return told.at > known.ended_at and stop is not None and bool(shown) and shown[-1].energy > stop
