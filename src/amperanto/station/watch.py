"""E05, E15, E16. A transaction is watched while it runs: what the CSMS refuses or limits, and what time brings.

Energy is stopped at the very watt-hour (a ceiling of the outlet), time at the second. What is stopped is held: the
EVSE gives nothing while a hold is on it, and the transaction ends only where TxStopPoint says so.
"""

from __future__ import annotations

import math
from typing import Protocol

from amperanto.domain.limits import NO_LIMIT, TransactionLimit
from amperanto.domain.quantities import WattHours
from amperanto.station import limits
from amperanto.station.cause import CAR_CHANGED, DEAUTHORIZED, Cause
from amperanto.station.clock import within
from amperanto.station.context import Context
from amperanto.station.evse import Evse, Transaction
from amperanto.station.sampling import Sampling

LONGEST_PAUSE = 3600.0


class Door(Protocol):
    """Who is told what changes."""

    context: Context

    def changed(self, evse: Evse, cause: Cause) -> None:
        """Something changed at the EVSE."""
        ...

    def stop(self, evse: Evse, cause: Cause) -> None:
        """The authorisation ends."""
        ...

    def follow(self, evse: Evse) -> None:
        """Do what follows from it, if anything."""
        ...


class Watch:
    """The watch over the transactions of one station."""

    def __init__(self, door: Door, sampling: Sampling) -> None:
        self._door = door
        self._context = door.context
        self._sampling = sampling

    def refuse(self, evse: Evse, transaction: Transaction) -> None:
        """E05: what the CSMS says of the token on hearing of the transaction outranks what was known before."""
        if self._context.variables.flag("TxCtrlr", "StopTxOnInvalidId"):
            evse.refused = self._context.habits.refused_is_suspended and evse.plugged
            evse.keeper = evse.token
            self._door.stop(evse, DEAUTHORIZED)
        elif transaction.refused is None:
            most = WattHours.of(self._context.variables.number("TxCtrlr", "MaxEnergyOnInvalidId"))
            evse.settle()
            transaction.refused = evse.outlet.meter.counted + most
            self.set_ceiling(evse)
            self.look(evse, transaction)
            evse.stirred.set()

    # --- limits (E16)

    def limit(self, evse: Evse, whose: str, told: TransactionLimit) -> None:
        """The CSMS, or the driver at the station, sets limits; what changes is told once, and holds at once."""
        transaction = evse.transaction
        if transaction is None or not self._context.habits.keeps_limits:
            return
        told = limits.supported(told, self._context.variables.words("TxCtrlr", "SupportedLimits"))
        transaction.limits[whose] = limits.changed(transaction.limits.get(whose, NO_LIMIT), told)
        now_holding = limits.tightest(transaction.limits)
        if now_holding == transaction.limit:
            return
        transaction.limit = now_holding
        self._door.changed(evse, Cause(trigger="LimitSet", limit=now_holding))
        self.set_ceiling(evse)
        if "limit" in evse.holds and limits.reached(evse, transaction, self._context.clock.monotonic()) is None:
            evse.holds.discard("limit")
            self._door.follow(evse)
        self.look(evse, transaction)

    def set_ceiling(self, evse: Evse) -> None:
        transaction = evse.transaction
        evse.settle()
        evse.outlet.ceiling = None if transaction is None else limits.ceiling(evse, transaction)
        evse.stirred.set()

    def look(self, evse: Evse, transaction: Transaction) -> None:
        """Stop the energy where a limit is reached, or a refused token has had what it may have."""
        evse.settle()
        if evse.transaction is not transaction or evse.token is None:
            return
        refused = transaction.refused
        if refused is not None and "token" not in evse.holds and evse.outlet.meter.counted >= refused:
            evse.holds.add("token")
            self._door.changed(evse, DEAUTHORIZED)
        elif "limit" not in evse.holds:
            trigger = limits.reached(evse, transaction, self._context.clock.monotonic())
            if trigger is not None:
                evse.holds.add("limit")
                self._door.changed(evse, Cause(trigger=trigger, reason=limits.REASONS[trigger]))

    # --- what time brings

    async def accompany(self, evse: Evse, transaction: Transaction) -> None:
        """Notice what time brings: the next sample, the moment the car stops drawing, the end of a limit."""
        clock = self._context.clock
        while transaction.open:
            evse.stirred.clear()
            try:
                await within(clock, self._pause(evse, transaction), evse.stirred.wait())
            except TimeoutError:
                evse.settle()
            if self._context.dark:
                continue
            if transaction.open:
                self.look(evse, transaction)
            if transaction.open and evse.charging is not transaction.charging:
                self._door.changed(evse, CAR_CHANGED)
            if transaction.open:
                self._sampling.take(evse, transaction)

    def _pause(self, evse: Evse, transaction: Transaction) -> float:
        if self._context.dark:
            return LONGEST_PAUSE
        held = "limit" in evse.holds or evse.token is None
        time = math.inf if held else limits.seconds_left(transaction, self._context.clock.monotonic())
        quiet = evse.outlet.seconds_until_quiet() + 0.001
        return min(self._sampling.seconds_left(transaction), time, quiet, LONGEST_PAUSE)
