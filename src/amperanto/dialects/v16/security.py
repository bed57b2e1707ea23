"""A. Security, as OCPP 1.6's security extension says it; certificates come later."""

from __future__ import annotations

from amperanto.dialects.context import StationContext
from amperanto.dialects.v16.words import V16
from amperanto.dialects.wording import aware, fitting, fitting_or_unset
from amperanto.domain.decisions import Noted
from amperanto.domain.observations import SecurityIncident
from amperanto.ocpp import v16

NOTED = Noted()


@V16.exchange(v16.SecurityEventNotificationRequest, SecurityIncident)
class SecurityEventNotification:
    """Something happened that a security officer wants to know (A04)."""

    @staticmethod
    def read(wire: v16.SecurityEventNotificationRequest, context: StationContext) -> SecurityIncident:
        return SecurityIncident(kind=wire.type, at=aware(wire.timestamp), info=v16.or_none(wire.tech_info))

    @staticmethod
    def write(neutral: SecurityIncident, context: StationContext) -> v16.SecurityEventNotificationRequest:
        return v16.SecurityEventNotificationRequest(
            type=fitting(neutral.kind, 50, "kind of event"),
            timestamp=aware(neutral.at),
            tech_info=fitting_or_unset(neutral.info, 255, "technical information"),
        )

    @staticmethod
    def answer(
        wire: v16.SecurityEventNotificationRequest, said: Noted, context: StationContext
    ) -> v16.SecurityEventNotificationResponse:
        return v16.SecurityEventNotificationResponse()

    @staticmethod
    def hear(
        neutral: SecurityIncident, answer: v16.SecurityEventNotificationResponse, context: StationContext
    ) -> Noted:
        return NOTED
