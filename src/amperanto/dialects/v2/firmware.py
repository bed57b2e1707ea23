"""L. Firmware, as OCPP 2.x reports it."""

from __future__ import annotations

from amperanto.dialects.context import StationContext
from amperanto.dialects.v2.words import V2
from amperanto.dialects.wording import word
from amperanto.domain.decisions import Noted
from amperanto.domain.observations import FirmwareProgressed
from amperanto.ocpp import v2

NOTED = Noted()


@V2.exchange(
    v2.FirmwareStatusNotificationRequest,
    FirmwareProgressed,
    drops={"signed": "only 1.6 has two messages for it"},
)
class FirmwareStatusNotification:
    """The state of a firmware update."""

    @staticmethod
    def read(wire: v2.FirmwareStatusNotificationRequest, context: StationContext) -> FirmwareProgressed:
        return FirmwareProgressed(status=str(wire.status), request=v2.or_none(wire.request_id))

    @staticmethod
    def write(neutral: FirmwareProgressed, context: StationContext) -> v2.FirmwareStatusNotificationRequest:
        return v2.FirmwareStatusNotificationRequest(
            status=word(v2.FirmwareStatus, neutral.status, "firmware status"),
            request_id=v2.unless_none(neutral.request),
        )

    @staticmethod
    def answer(
        wire: v2.FirmwareStatusNotificationRequest, said: Noted, context: StationContext
    ) -> v2.FirmwareStatusNotificationResponse:
        return v2.FirmwareStatusNotificationResponse()

    @staticmethod
    def hear(
        neutral: FirmwareProgressed, answer: v2.FirmwareStatusNotificationResponse, context: StationContext
    ) -> Noted:
        return NOTED
