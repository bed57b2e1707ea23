"""B09, B10: a station is moved to another network profile: written to a slot it does not use, put first, then used.

The slots a station has are the values of `NetworkConfigurationPriority` it says it takes; those in the priority list,
and the one in use, are never written (B09). A station whose device model has `NetworkConfiguration` is set by variables
of that component, the slot being its instance (2.1); others by SetNetworkProfile. Each step is reported; the first
that is refused ends the move, and the station stays as it is. The new profile is used after a reset; the station boots
over it (B10): `resets.py` follows that.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from amperanto.csms.block import Block, Context
from amperanto.csms.device_model import DeviceModel
from amperanto.csms.errors import NoFreeSlot
from amperanto.csms.variables import info_of
from amperanto.domain.device_model import VariableRef, WantedValue, members
from amperanto.domain.stations import Station
from amperanto.ocpp import v2

PRIORITY = VariableRef("OCPPCommCtrlr", "NetworkConfigurationPriority")
ACTIVE = VariableRef("OCPPCommCtrlr", "ActiveNetworkProfile")
COMPONENT = "NetworkConfiguration"
_SET = frozenset({v2.SetVariableStatus.ACCEPTED.value, v2.SetVariableStatus.REBOOT_REQUIRED.value})


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the move, and what the station said to it."""

    what: str
    status: str
    info: str | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """What became of the move: the slot that was written, every step, whether it only wants a reset now."""

    slot: int
    steps: tuple[Step, ...]
    ready: bool


class NetworkProfiles(Block):
    """Where stations connect to."""

    def __init__(self, context: Context, device_model: DeviceModel) -> None:
        super().__init__(context)
        self._device_model = device_model

    async def change(self, station: Station, profile: v2.NetworkConnectionProfile, by: str) -> Move:
        """Write the profile to a free slot and put it first. Raises NoFreeSlot and as `Stations.call` does."""
        priority, slots, active = await self._known(station)
        free = [slot for slot in slots if slot not in priority and slot != active]
        if not free:
            raise NoFreeSlot("every network profile of the station is in use; take one out of its priority list first")
        steps = await self._write(station, free[0], profile, by)
        if all(step.status in _SET for step in steps):
            order = WantedValue(ref=PRIORITY, value=",".join([free[0], *priority]))
            (result,) = await self._device_model.set_many(station, [order], by)
            steps.append(Step(str(PRIORITY), result.status, result.info))
        return Move(int(free[0]), tuple(steps), ready=all(step.status in _SET for step in steps))

    async def _known(self, station: Station) -> tuple[list[str], list[str], str | None]:
        """The priority list, all slots, and the one in use."""
        await self._device_model.get(station, [(PRIORITY, "Actual"), (ACTIVE, "Actual")])
        known = await self.context.store.device_models.these(station.id, [PRIORITY.key(), ACTIVE.key()])
        about, active = known.get(PRIORITY.key()), known.get(ACTIVE.key())
        priority = members((about.attribute.value if about else None) or "")
        values = about.characteristics.values_list if about and about.characteristics else None
        slots = members(values or "") if values else ["1", "2"]  # B09: two at least
        return priority, [slot for slot in slots if slot.isdecimal()], active.attribute.value if active else None

    async def _write(self, station: Station, slot: str, profile: v2.NetworkConnectionProfile, by: str) -> list[Step]:
        url = VariableRef(COMPONENT, "OcppCsmsUrl", slot)
        if await self.context.store.device_models.these(station.id, [url.key()]):
            results = await self._device_model.set_many(station, _variables(slot, profile), by)
            return [Step(str(one.wanted.ref), one.status, one.info) for one in results]
        if isinstance(profile.ocpp_version, v2.UnsetType):  # 2.0.1 demands it; the subprotocol decides
            profile = msgspec.structs.replace(profile, ocpp_version=v2.OCPPVersion.OCPP20)
        request = v2.SetNetworkProfileRequest(configuration_slot=int(slot), connection_data=profile)
        answer = await self.context.stations.call(station.id, request)
        return [Step(f"SetNetworkProfile {slot}", str(answer.status), info_of(answer.status_info))]


def _variables(slot: str, profile: v2.NetworkConnectionProfile) -> list[WantedValue]:
    """The profile as variables of its slot; a password is sent and never kept."""
    told = {
        "OcppCsmsUrl": profile.ocpp_csms_url,
        "OcppInterface": str(profile.ocpp_interface),
        "OcppTransport": str(profile.ocpp_transport),
        "MessageTimeout": str(profile.message_timeout),
        "SecurityProfile": str(profile.security_profile),
        "Identity": v2.or_none(profile.identity),
        "BasicAuthPassword": v2.or_none(profile.basic_auth_password),
    }
    return [
        WantedValue(ref=VariableRef(COMPONENT, name, slot), value=value)
        for name, value in told.items()
        if value is not None
    ]
