"""L. Firmware, as OCPP 1.6 reports it: one message for plain updates, one of the security extension for
signed.

The seven states of the plain one are among the fourteen of the signed one, which are 2.x's own.
"""

from __future__ import annotations

from amperanto.dialects.context import StationContext
from amperanto.dialects.v16.words import V16
from amperanto.dialects.wording import word
from amperanto.domain.decisions import Noted
from amperanto.domain.observations import FirmwareProgressed
from amperanto.ocpp import v16

NOTED = Noted()
Wire = v16.FirmwareStatusNotificationRequest | v16.SignedFirmwareStatusNotificationRequest


@V16.exchange(
    (v16.FirmwareStatusNotificationRequest, v16.SignedFirmwareStatusNotificationRequest),
    FirmwareProgressed,
    drops={"request": "the message about plain updates does not name its request"},
)
class FirmwareStatusNotification:
    """The state of a firmware update."""

    @staticmethod
    def read(wire: Wire, context: StationContext) -> FirmwareProgressed:
        if isinstance(wire, v16.FirmwareStatusNotificationRequest):
            return FirmwareProgressed(status=str(wire.status), signed=False)
        return FirmwareProgressed(status=str(wire.status), request=v16.or_none(wire.request_id))

    @staticmethod
    def write(neutral: FirmwareProgressed, context: StationContext) -> Wire:
        if not neutral.signed:
            status = word(v16.FirmwareStatus, neutral.status, "firmware status")
            return v16.FirmwareStatusNotificationRequest(status=status)
        return v16.SignedFirmwareStatusNotificationRequest(
            status=word(v16.SignedFirmwareStatus, neutral.status, "firmware status"),
            request_id=v16.unless_none(neutral.request),
        )

    @staticmethod
    def answer(
        wire: Wire, said: Noted, context: StationContext
    ) -> v16.FirmwareStatusNotificationResponse | v16.SignedFirmwareStatusNotificationResponse:
        if isinstance(wire, v16.FirmwareStatusNotificationRequest):
            return v16.FirmwareStatusNotificationResponse()
        return v16.SignedFirmwareStatusNotificationResponse()

    @staticmethod
    def hear(neutral: FirmwareProgressed, answer: object, context: StationContext) -> Noted:
        return NOTED
