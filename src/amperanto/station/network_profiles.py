"""B09, B10: the network profiles a station keeps, by slot: written only where they are not used, put first by priority.

The station in software has one way to its CSMS, so a new profile changes what it says of itself and not where it
connects; what it must refuse, it refuses as a real one does.
"""

from __future__ import annotations

from amperanto.ocpp import v2
from amperanto.station.block import Block, handles
from amperanto.station.context import Context
from amperanto.station.line import Line

SLOTS = (1, 2)


class NetworkProfiles(Block):
    """The slots."""

    def __init__(self, context: Context, line: Line) -> None:
        super().__init__(context, line)
        self.kept: dict[int, v2.NetworkConnectionProfile] = {}

    @handles(v2.SetNetworkProfileRequest)
    def set(self, asked: v2.SetNetworkProfileRequest) -> v2.SetNetworkProfileResponse:
        """Keep a profile in a slot that is not used."""
        variables = self.context.variables
        used = variables.words("OCPPCommCtrlr", "NetworkConfigurationPriority")
        secure = variables.number("SecurityCtrlr", "SecurityProfile")
        why = None
        if asked.configuration_slot not in SLOTS:
            why = "InvalidConfSlot"
        elif str(asked.configuration_slot) in used:
            why = "ActiveNetworkConf"
        elif asked.connection_data.security_profile < secure:
            why = "NoSecurityDowngrade"
        if why is not None:
            return v2.SetNetworkProfileResponse(
                status=v2.SetNetworkProfileStatus.REJECTED, status_info=v2.StatusInfo(reason_code=why)
            )
        self.kept[asked.configuration_slot] = asked.connection_data
        return v2.SetNetworkProfileResponse(status=v2.SetNetworkProfileStatus.ACCEPTED)
