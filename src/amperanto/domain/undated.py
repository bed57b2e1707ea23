"""Reports of a transaction that tell no time (quirks §5): they are dated when we received them.

So a repeat has another date than what it repeats, and is recognised by the rest (R1): a report of 2.x by its number, a
start of 1.6 by place, token and meter while it is open, an end of 1.6 by its transaction and meter.
"""

from __future__ import annotations

from amperanto.domain.observations import TransactionEnded, TransactionReport, TransactionStarted
from amperanto.domain.sequences import contains
from amperanto.domain.transactions import Transaction


def repeats(known: Transaction | None, told: TransactionReport) -> bool:
    """Whether a report that tells no time is in this transaction already."""
    if known is None or not told.undated:
        return False
    if told.sequence is not None:
        return contains(known.heard, told.sequence)
    if isinstance(told, TransactionStarted):
        same = (known.token and known.token.key) == (told.token and told.token.key)
        return same and known.clock.undated and (known.where, known.meter_start) == (told.where, told.meter)
    return isinstance(told, TransactionEnded) and known.ended_at is not None and known.meter_stop == told.meter
