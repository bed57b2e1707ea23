"""B09: network profiles are given by SetNetworkProfile; and A01: who gets a new password connects again with it.

What may be written where, and what a profile is used for, is the matter of `network_slots.py` and `route.py`.
"""

from __future__ import annotations

from amperanto.ocpp import v2
from amperanto.station.block import Block, handles
from amperanto.station.context import Context
from amperanto.station.controllers import Address
from amperanto.station.line import Line
from amperanto.station.network_slots import OWN, SLOTS, NetworkSlots

SOON = 1.0
"""Seconds for the answer to be on its way before the line is closed."""


class NetworkProfiles(Block):
    """The ways to the CSMS, as the CSMS sets them."""

    def __init__(self, context: Context, line: Line, slots: NetworkSlots) -> None:
        super().__init__(context, line)
        self._slots = slots
        self.context.variables.changed.append(self._look_at)

    @handles(v2.SetNetworkProfileRequest)
    def set(self, asked: v2.SetNetworkProfileRequest) -> v2.SetNetworkProfileResponse:
        """Keep a profile in a slot that is not used."""
        why = None
        if asked.configuration_slot not in SLOTS:
            why = "InvalidConfSlot"
        elif self._slots.locked(asked.configuration_slot):
            why = "ActiveNetworkConf"
        elif self._slots.refuses(asked.connection_data.security_profile):
            why = "NoSecurityDowngrade"
        if why is not None:
            return v2.SetNetworkProfileResponse(
                status=v2.SetNetworkProfileStatus.REJECTED, status_info=v2.StatusInfo(reason_code=why)
            )
        self._slots.put(asked.configuration_slot, asked.connection_data)
        return v2.SetNetworkProfileResponse(status=v2.SetNetworkProfileStatus.ACCEPTED)

    def _look_at(self, changed: Address) -> None:
        if changed.component == "SecurityCtrlr" and changed.variable in OWN:
            self.context.spawn(self._connect_again())

    async def _connect_again(self) -> None:
        """The old password is not valid any more: come back with the new one."""
        await self.context.clock.sleep(SOON)
        await self.line.hang_up(again_after=SOON)
