"""A. Security, as OCPP 2.x says it: incidents. Certificates are their own neutral words."""

from __future__ import annotations

from amperanto.dialects.context import StationContext
from amperanto.dialects.v2.words import V2
from amperanto.dialects.wording import aware, fitting, fitting_or_unset
from amperanto.domain.decisions import Noted
from amperanto.domain.observations import SecurityIncident
from amperanto.ocpp import v2

NOTED = Noted()


@V2.exchange(v2.SecurityEventNotificationRequest, SecurityIncident)
class SecurityEventNotification:
    """Something happened that a security officer wants to know (A04)."""

    @staticmethod
    def read(wire: v2.SecurityEventNotificationRequest, context: StationContext) -> SecurityIncident:
        return SecurityIncident(kind=wire.type, at=aware(wire.timestamp), info=v2.or_none(wire.tech_info))

    @staticmethod
    def write(neutral: SecurityIncident, context: StationContext) -> v2.SecurityEventNotificationRequest:
        return v2.SecurityEventNotificationRequest(
            type=fitting(neutral.kind, 50, "kind of event"),
            timestamp=aware(neutral.at),
            tech_info=fitting_or_unset(neutral.info, 255, "technical information"),
        )

    @staticmethod
    def answer(
        wire: v2.SecurityEventNotificationRequest, said: Noted, context: StationContext
    ) -> v2.SecurityEventNotificationResponse:
        return v2.SecurityEventNotificationResponse()

    @staticmethod
    def hear(neutral: SecurityIncident, answer: v2.SecurityEventNotificationResponse, context: StationContext) -> Noted:
        return NOTED
