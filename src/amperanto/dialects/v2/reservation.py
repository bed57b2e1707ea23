"""H. Reservation, as OCPP 2.x reports its end: ReservationStatusUpdate (H01, H03, H04)."""

from __future__ import annotations

from amperanto.dialects.context import StationContext
from amperanto.dialects.v2.words import V2
from amperanto.dialects.wording import word
from amperanto.domain.decisions import Noted
from amperanto.domain.observations import ReservationEnded
from amperanto.ocpp import v2

NOTED = Noted()


@V2.exchange(v2.ReservationStatusUpdateRequest, ReservationEnded)
class ReservationStatusUpdate:
    """A reservation expired or was removed; in 2.1 also: its token came, but no car."""

    @staticmethod
    def read(wire: v2.ReservationStatusUpdateRequest, context: StationContext) -> ReservationEnded:
        return ReservationEnded(number=wire.reservation_id, status=str(wire.reservation_update_status))

    @staticmethod
    def write(neutral: ReservationEnded, context: StationContext) -> v2.ReservationStatusUpdateRequest:
        return v2.ReservationStatusUpdateRequest(
            reservation_id=neutral.number,
            reservation_update_status=word(v2.ReservationUpdateStatus, neutral.status, "end of a reservation"),
        )

    @staticmethod
    def answer(
        wire: v2.ReservationStatusUpdateRequest, said: Noted, context: StationContext
    ) -> v2.ReservationStatusUpdateResponse:
        return v2.ReservationStatusUpdateResponse()

    @staticmethod
    def hear(neutral: ReservationEnded, answer: v2.ReservationStatusUpdateResponse, context: StationContext) -> Noted:
        return NOTED
