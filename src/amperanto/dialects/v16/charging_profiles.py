"""Charging profiles, as OCPP 1.6 says them: one schedule, limits and phases, and nothing more.

What 1.6 has no room for (a second schedule, a limit for each phase, an operation mode …) changes what the station
would do, so a profile with any of it is not said at all (R5). The schedule's own id is the profile's.
"""

from __future__ import annotations

from amperanto.dialects.errors import NotSpoken
from amperanto.dialects.v16.words import number
from amperanto.dialects.wording import word
from amperanto.ocpp import v2, v16

PURPOSES = {
    v2.ChargingProfilePurpose.CHARGING_STATION_MAX_PROFILE: v16.ChargingProfilePurpose.CHARGE_POINT_MAX_PROFILE,
    v2.ChargingProfilePurpose.TX_DEFAULT_PROFILE: v16.ChargingProfilePurpose.TX_DEFAULT_PROFILE,
    v2.ChargingProfilePurpose.TX_PROFILE: v16.ChargingProfilePurpose.TX_PROFILE,
}
HEARD_PURPOSES = {said: purpose for purpose, said in PURPOSES.items()}


def written_profile(told: v2.ChargingProfile) -> v16.ChargingProfile:
    """The profile in 1.6's words. Raises NotSpoken where it cannot say all of it."""
    (schedule, *more) = told.charging_schedule
    purpose = PURPOSES.get(told.charging_profile_purpose)
    if more or purpose is None:
        raise NotSpoken("OCPP 1.6 has profiles of one schedule, for the station, by default or for a transaction")
    reference = v2.or_none(told.transaction_id)
    made = v16.ChargingProfile(
        charging_profile_id=told.id,
        stack_level=told.stack_level,
        charging_profile_purpose=purpose,
        charging_profile_kind=word(v16.ChargingProfileKind, told.charging_profile_kind, "kind of profile"),
        charging_schedule=_schedule(schedule),
        transaction_id=v16.UNSET if reference is None else number(reference),
        recurrency_kind=v16.UNSET
        if isinstance(told.recurrency_kind, v2.UnsetType)
        else word(v16.RecurrencyKind, told.recurrency_kind, "recurrency"),
        valid_from=told.valid_from,
        valid_to=told.valid_to,
    )
    if read_profile(made, schedule.id) != told:
        raise NotSpoken("OCPP 1.6 cannot say all of this charging profile; leave out what only OCPP 2.x knows")
    return made


def _schedule(told: v2.ChargingSchedule) -> v16.ChargingSchedule:
    periods: list[v16.ChargingSchedulePeriod] = []
    for period in told.charging_schedule_period:
        if isinstance(period.limit, v2.UnsetType):
            raise NotSpoken("OCPP 1.6 needs a limit in each period of a charging profile")
        periods.append(
            v16.ChargingSchedulePeriod(
                start_period=period.start_period, limit=period.limit, number_phases=period.number_phases
            )
        )
    return v16.ChargingSchedule(
        charging_rate_unit=word(v16.ChargingRateUnit, told.charging_rate_unit, "unit of charging"),
        charging_schedule_period=periods,
        duration=told.duration,
        start_schedule=told.start_schedule,
        min_charging_rate=told.min_charging_rate,
    )


def read_profile(wire: v16.ChargingProfile, schedule: int | None = None) -> v2.ChargingProfile:
    """The profile in 2.1's words; `schedule` is the id of its schedule, else the profile's."""
    told = wire.charging_schedule
    number_ = v2.or_none(wire.transaction_id)
    return v2.ChargingProfile(
        id=wire.charging_profile_id,
        stack_level=wire.stack_level,
        charging_profile_purpose=HEARD_PURPOSES.get(
            wire.charging_profile_purpose, v2.ChargingProfilePurpose.keep(wire.charging_profile_purpose)
        ),
        charging_profile_kind=v2.ChargingProfileKind.keep(wire.charging_profile_kind),
        charging_schedule=[
            v2.ChargingSchedule(
                id=wire.charging_profile_id if schedule is None else schedule,
                charging_rate_unit=v2.ChargingRateUnit.keep(told.charging_rate_unit),
                charging_schedule_period=[
                    v2.ChargingSchedulePeriod(
                        start_period=one.start_period, limit=one.limit, number_phases=one.number_phases
                    )
                    for one in told.charging_schedule_period
                ],
                duration=told.duration,
                start_schedule=told.start_schedule,
                min_charging_rate=told.min_charging_rate,
            )
        ],
        transaction_id=v2.UNSET if number_ is None else str(number_),
        recurrency_kind=v2.UNSET
        if isinstance(wire.recurrency_kind, v16.UnsetType)
        else v2.RecurrencyKind.keep(wire.recurrency_kind),
        valid_from=wire.valid_from,
        valid_to=wire.valid_to,
    )
