"""What a transaction may use at most: E16's limits (2.1), and the energy a refused token may still have (E05).

Energy is held to exactly: the outlet is given a ceiling, a reading of its meter above which nothing flows. Time counts
from the start of the transaction; cost is what the CSMS said last. A limit set at the station never exceeds the CSMS's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from amperanto.domain.limits import TransactionLimit
from amperanto.domain.quantities import Percent, WattHours
from amperanto.station.evse import Evse, Transaction

A_MOMENT = 1e-6
"""Seconds by which a clock may wake somebody too early, by rounding."""
CSMS, DRIVER = "csms", "driver"
TRIGGERS = ("EnergyLimitReached", "TimeLimitReached", "SoCLimitReached", "CostLimitReached")
REASONS = {
    "EnergyLimitReached": "EnergyLimitReached",
    "TimeLimitReached": "TimeLimitReached",
    "SoCLimitReached": "SOCLimitReached",
    "CostLimitReached": "LocalOutOfCredit",
}
"""stoppedReason where a reached limit ends the transaction: the old words, for 2.1 has no others."""


def supported(told: TransactionLimit, words: list[str]) -> TransactionLimit:
    """Of these limits, those that TxCtrlr.SupportedLimits names."""
    return TransactionLimit(
        cost=told.cost if "maxCost" in words else None,
        energy=told.energy if "maxEnergy" in words else None,
        seconds=told.seconds if "maxTime" in words else None,
        state_of_charge=told.state_of_charge if "maxSoC" in words else None,
    )


def changed(old: TransactionLimit, told: TransactionLimit) -> TransactionLimit:
    """The old limits with those that were told now; what was not told stays."""
    return TransactionLimit(
        cost=old.cost if told.cost is None else told.cost,
        energy=old.energy if told.energy is None else told.energy,
        seconds=old.seconds if told.seconds is None else told.seconds,
        state_of_charge=old.state_of_charge if told.state_of_charge is None else told.state_of_charge,
    )


def tightest(limits: Mapping[str, TransactionLimit]) -> TransactionLimit:
    """Of the CSMS's and the driver's limits, the lower of each."""
    every = list(limits.values())
    return TransactionLimit(
        cost=min((one.cost for one in every if one.cost is not None), default=None),
        energy=min((one.energy for one in every if one.energy is not None), default=None),
        seconds=min((one.seconds for one in every if one.seconds is not None), default=None),
        state_of_charge=min((one.state_of_charge for one in every if one.state_of_charge is not None), default=None),
    )


def reached(evse: Evse, transaction: Transaction, now: float) -> str | None:
    """The trigger of a limit that is reached or exceeded; `now` in the seconds of the monotonic clock."""
    limit, level = transaction.limit, evse.outlet.state_of_charge
    if limit.energy is not None and evse.meter - transaction.meter_start >= limit.energy:
        return "EnergyLimitReached"
    if limit.seconds is not None and now - transaction.started + A_MOMENT >= limit.seconds:
        return "TimeLimitReached"
    if limit.state_of_charge is not None and level is not None and level.value >= limit.state_of_charge:
        return "SoCLimitReached"
    if limit.cost is not None and transaction.cost is not None and transaction.cost >= limit.cost:
        return "CostLimitReached"
    return None


def ceiling(evse: Evse, transaction: Transaction) -> WattHours | None:
    """The reading of the meter above which nothing may flow, None for no end."""
    limit, car, counted = transaction.limit, evse.outlet.vehicle, evse.outlet.meter.counted
    ends: list[WattHours] = []
    if limit.energy is not None:
        ends.append(transaction.meter_start + limit.energy)
    if limit.state_of_charge is not None and car is not None:
        ends.append(counted + car.energy_until(Percent.of(limit.state_of_charge)))
    if transaction.refused is not None:
        ends.append(transaction.refused)
    return min(ends, default=None)


def seconds_left(transaction: Transaction, now: float) -> float:
    """How long until its time is over; infinity without such a limit."""
    limit = transaction.limit.seconds
    return math.inf if limit is None else max(0.0, transaction.started + limit - now)
