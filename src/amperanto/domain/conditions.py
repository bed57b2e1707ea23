"""Whether the conditions of a price hold at a moment. Each `min` is inclusive, each `max` exclusive.

All that is stated must hold. A flow nobody knows (power, current) satisfies no condition on it. A daily window whose
end is not after its start goes past midnight; the days named are those of the moment itself, not of the window's start.
"""

from __future__ import annotations

from datetime import datetime, time
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from amperanto.domain.tariffs import ANY_TIME, WEEKDAYS, Component, Conditions
from amperanto.domain.usages import Moment

_MIDNIGHT = time(0)
_exact = lru_cache(4096)(Fraction)


def first_that_holds(component: Component | None, read: Moment) -> int | None:
    """The number, from 1, of the first price whose conditions hold; None where none does."""
    if component is None:
        return None
    return next((index for index, element in enumerate(component.prices, 1) if holds(element.conditions, read)), None)


def holds(conditions: Conditions, read: Moment) -> bool:
    """Whether all that is stated holds at this moment."""
    return conditions is ANY_TIME or (
        _in_time(conditions, read.local)
        and _used(conditions, read)
        and _flows(conditions.min_power, conditions.max_power, read.power)
        and _flows(conditions.min_current, conditions.max_current, read.current)
        and conditions.evse_kind in (None, read.evse_kind)
        and conditions.payment_brand in (None, read.payment_brand)
        and conditions.payment_recognition in (None, read.payment_recognition)
    )


def _in_time(conditions: Conditions, local: datetime) -> bool:
    day = local.date()
    if conditions.days and WEEKDAYS[day.weekday()] not in conditions.days:
        return False
    if conditions.from_date is not None and day < conditions.from_date:
        return False
    if conditions.to_date is not None and day >= conditions.to_date:
        return False
    if conditions.season is not None and not conditions.season.includes(day):
        return False
    return _in_window(conditions.start_time, conditions.end_time, local.time())


def _in_window(start: time | None, end: time | None, now: time) -> bool:
    if start is None and end is None:
        return True
    begin, until = start or _MIDNIGHT, end or _MIDNIGHT
    if until == _MIDNIGHT or begin < until:  # 00:00 as an end is the end of the day
        return begin <= now and (until == _MIDNIGHT or now < until)
    return now >= begin or now < until


def _used(conditions: Conditions, read: Moment) -> bool:
    return (
        _within(conditions.min_energy, conditions.max_energy, read.energy)
        and _within(conditions.min_time, conditions.max_time, read.time)
        and _within(conditions.min_charging_time, conditions.max_charging_time, read.charging_time)
        and _within(conditions.min_idle_time, conditions.max_idle_time, read.idle_time)
    )


def _flows(least: Decimal | None, most: Decimal | None, flow: Fraction | None) -> bool:
    if least is None and most is None:
        return True
    return flow is not None and _within(least, most, flow)


def _within(least: Decimal | int | None, most: Decimal | int | None, figure: Fraction) -> bool:
    return (least is None or figure >= _exact(least)) and (most is None or figure < _exact(most))
