"""N. Diagnostics, as OCPP 1.6 reports them: the older message about diagnostics, the newer about any log.

The older one's UploadFailed is what the newer one and 2.x call UploadFailure.
"""

from __future__ import annotations

from amperanto.dialects.context import StationContext
from amperanto.dialects.v16.words import V16
from amperanto.dialects.wording import word
from amperanto.domain.decisions import Noted
from amperanto.domain.observations import LogProgressed
from amperanto.ocpp import v16

NOTED = Noted()
Wire = v16.DiagnosticsStatusNotificationRequest | v16.LogStatusNotificationRequest
IN_2X = {"UploadFailed": "UploadFailure"}
IN_16 = {"UploadFailure": "UploadFailed"}


@V16.exchange(
    (v16.DiagnosticsStatusNotificationRequest, v16.LogStatusNotificationRequest),
    LogProgressed,
    drops={"request": "the message about diagnostics does not name its request"},
)
class LogStatusNotification:
    """The state of a log upload."""

    @staticmethod
    def read(wire: Wire, context: StationContext) -> LogProgressed:
        if isinstance(wire, v16.LogStatusNotificationRequest):
            return LogProgressed(status=str(wire.status), request=v16.or_none(wire.request_id))
        return LogProgressed(status=IN_2X.get(wire.status, str(wire.status)), diagnostics=True)

    @staticmethod
    def write(neutral: LogProgressed, context: StationContext) -> Wire:
        if neutral.diagnostics:
            said = IN_16.get(neutral.status, neutral.status)
            return v16.DiagnosticsStatusNotificationRequest(
                status=word(v16.DiagnosticsStatus, said, "diagnostics status")
            )
        return v16.LogStatusNotificationRequest(
            status=word(v16.UploadLogStatus, neutral.status, "log status"),
            request_id=v16.unless_none(neutral.request),
        )

    @staticmethod
    def answer(
        wire: Wire, said: Noted, context: StationContext
    ) -> v16.DiagnosticsStatusNotificationResponse | v16.LogStatusNotificationResponse:
        if isinstance(wire, v16.LogStatusNotificationRequest):
            return v16.LogStatusNotificationResponse()
        return v16.DiagnosticsStatusNotificationResponse()

    @staticmethod
    def hear(neutral: LogProgressed, answer: object, context: StationContext) -> Noted:
        return NOTED
