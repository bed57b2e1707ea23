"""How the kinds of wishes this house knows by itself are brought: variables, availability, charging profiles.

A deliverer asks the station and says what became of each wish; a station that goes away or stays silent leaves it
waiting. Blocks with a kind of their own (local lists, tariffs) register it themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from amperanto.csms.block import Context
from amperanto.csms.desired_state import AVAILABILITY, CHARGING_PROFILE, VARIABLE, DesiredState, Want
from amperanto.csms.device_model import NOT_SENT, DeviceModel
from amperanto.csms.errors import NotSpoken, StationBusy, StationNotAccepted, StationOffline, StationSilent
from amperanto.csms.variables import NO_ANSWER, SetResult, info_of
from amperanto.domain.desired_state import Outcome, Wish, done, failed, waits
from amperanto.domain.device_model import VariableRef, WantedValue
from amperanto.domain.stations import EvseRef, Station
from amperanto.ocpp import v2
from amperanto.ocpp.errors import CallRefused

_VALUE = msgspec.json.Decoder(WantedValue)
_AVAILABILITY = msgspec.json.Decoder(v2.ChangeAvailabilityRequest)
_PROFILE = msgspec.json.Decoder(v2.SetChargingProfileRequest)
_SET = frozenset({v2.SetVariableStatus.ACCEPTED.value, v2.SetVariableStatus.REBOOT_REQUIRED.value})
_ACCEPTED, _SCHEDULED = "Accepted", "Scheduled"
INTERVALS = frozenset(
    VariableRef(component, variable).key()
    for component, variable in (("SampledDataCtrlr", "TxUpdatedInterval"), ("AlignedDataCtrlr", "Interval"))
)


class Wanted:
    """The deliverers of variables, availability and charging profiles."""

    def __init__(self, context: Context, wished: DesiredState, device_model: DeviceModel) -> None:
        self._context = context
        self._device_model = device_model
        wished.register(VARIABLE, self.variables, while_pending=True)
        wished.register(AVAILABILITY, self.availability)
        wished.register(CHARGING_PROFILE, self.charging_profiles)

    async def variables(self, station: Station, wishes: Sequence[Wish]) -> list[Outcome]:
        """B05: set values, each judged for itself, and read back."""
        given = [_VALUE.decode(wish.body) for wish in wishes]
        values = [self._bearable(station, one) for one in given]
        by = ", ".join(sorted({wish.wanted_by for wish in wishes}))
        results = await self._device_model.set_many(station, values, by)
        return [_outcome(one, wanted) for one, wanted in zip(results, given, strict=True)]

    def _bearable(self, station: Station, wanted: WantedValue) -> WantedValue:
        """No interval of meter values is shorter than the station's make takes."""
        least = self._context.stations.behaviour(station.id).min_meter_interval
        if least is None or wanted.key not in INTERVALS or not wanted.value.strip().isdecimal():
            return wanted
        seconds = int(wanted.value)
        return wanted if seconds == 0 or seconds >= least else replace(wanted, value=str(least))

    async def availability(self, station: Station, wishes: Sequence[Wish]) -> list[Outcome]:
        """G03, G04: put a place in or out of service; Scheduled is asked about again until it is so."""
        if not self._context.stations.behaviour(station.id).takes_availability_changes:
            return [failed("NotSent: stations of this make break by it; send it with a raw call if you must")] * len(
                wishes
            )
        return [await self.asked(station, _AVAILABILITY.decode(wish.body)) for wish in wishes]

    async def charging_profiles(self, station: Station, wishes: Sequence[Wish]) -> list[Outcome]:
        """K01: install a charging profile as it was given."""
        return [await self.asked(station, _PROFILE.decode(wish.body)) for wish in wishes]

    async def asked(self, station: Station, request: v2.Request[Any]) -> Outcome:
        """Ask once; a status of acceptance is done, another one is the station's word against it."""
        try:
            answer = await self._context.stations.call(station.id, request)
        except (StationOffline, StationNotAccepted, StationBusy) as error:
            return waits(str(error), tried=False)
        except StationSilent as error:
            return waits(f"{NO_ANSWER}: {error}")
        except NotSpoken as error:
            return failed(f"NotSpoken: {error}")
        except CallRefused as error:
            return failed(f"Refused: {error}")
        status, info = str(answer.status), info_of(getattr(answer, "status_info", v2.UNSET))
        said = status if info is None else f"{status}: {info}"
        if status == _SCHEDULED:
            return waits(f"{said}: it is made once nobody charges there", tried=False)
        return done(said) if status == _ACCEPTED else failed(said)


def _outcome(result: SetResult, wanted: WantedValue) -> Outcome:
    """What becomes of a wish by what the station said, and that in words."""
    said = result.status if result.info is None else f"{result.status}: {result.info}"
    if result.wanted.value != wanted.value:
        said += f" ({result.wanted.value}: stations of its make take no shorter interval)"
    if result.status in _SET:
        return done(said if result.confirmed is not False else f"{said}, but it reads {result.value!r}")
    if result.status in (NOT_SENT, NO_ANSWER):
        return waits(said, tried=result.status != NOT_SENT)
    return failed(said)


def availability_wanted(where: EvseRef | None, *, operative: bool) -> Want:
    """The wish that a place (None: the station) is in service, or out of it. The whole station and its parts differ."""
    place = v2.UNSET if where is None else v2.EVSE(id=where.evse, connector_id=v2.unless_none(where.connector))
    status = v2.OperationalStatus.OPERATIVE if operative else v2.OperationalStatus.INOPERATIVE
    request = v2.ChangeAvailabilityRequest(operational_status=status, evse=place)
    subject = "station" if where is None else f"{where.evse}/{where.connector or 0}"
    return Want(AVAILABILITY, subject, msgspec.json.encode(request).decode())


def profile_wanted(request: v2.SetChargingProfileRequest) -> Want:
    """The wish for a charging profile; one of the same EVSE, purpose and stack level takes its place, as in K01."""
    profile = request.charging_profile
    subject = f"{request.evse_id}/{profile.charging_profile_purpose}/{profile.stack_level}"
    return Want(CHARGING_PROFILE, subject, msgspec.json.encode(request).decode())
