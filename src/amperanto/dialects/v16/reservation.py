"""H. Reservation, as OCPP 1.6 says it: at a connector, or at connector 0 for any.

1.6 reserves no kind of connector, which changes what is reserved, so it is not spoken; and it has no message for
the end of a reservation: the CSMS's clock and the connector's state tell it.
"""

from __future__ import annotations

from amperanto.dialects.context import StationContext
from amperanto.dialects.errors import NotSpoken
from amperanto.dialects.v16.words import COMMAND_DROPS, TAG_LENGTH, TOKEN_TYPE, V16, connector
from amperanto.dialects.wording import aware, fitting
from amperanto.domain.observations import ReservationEnded
from amperanto.domain.stations import EvseRef
from amperanto.domain.tokens import UNKNOWN_TYPE
from amperanto.ocpp import v2, v16

ANY_CONNECTOR = 0
GROUP_TYPE = "Central"
"""What 2.x calls a group's token, which the CSMS made up itself."""

V16.never((ReservationEnded,), "OCPP 1.6 has no message for the end of a reservation")


@V16.exchange(
    v16.ReserveNowRequest,
    v2.ReserveNowRequest,
    drops={
        "id_token.type": TOKEN_TYPE,
        "id_token.additional_info": TOKEN_TYPE,
        "group_id_token.type": TOKEN_TYPE,
        "group_id_token.additional_info": TOKEN_TYPE,
        **COMMAND_DROPS,
    },
)
class ReserveNow:
    """Keep a connector, or any (connector 0), for a token; the same number replaces."""

    @staticmethod
    def read(wire: v16.ReserveNowRequest, context: StationContext) -> v2.ReserveNowRequest:
        at, group = wire.connector_id, wire.parent_id_tag
        return v2.ReserveNowRequest(
            id=wire.reservation_id,
            expiry_date_time=aware(wire.expiry_date),
            id_token=v2.IdToken(id_token=wire.id_tag, type=UNKNOWN_TYPE),
            evse_id=v2.UNSET if at == ANY_CONNECTOR else context.topology.place(at).evse,
            group_id_token=v2.UNSET
            if isinstance(group, v16.UnsetType)
            else v2.IdToken(id_token=group, type=GROUP_TYPE),
        )

    @staticmethod
    def write(neutral: v2.ReserveNowRequest, context: StationContext) -> v16.ReserveNowRequest:
        if not isinstance(neutral.connector_type, v2.UnsetType):
            raise NotSpoken("OCPP 1.6 cannot reserve by the type of connector; name an EVSE, or none")
        at, group = neutral.evse_id, neutral.group_id_token
        return v16.ReserveNowRequest(
            connector_id=ANY_CONNECTOR if isinstance(at, v2.UnsetType) else connector(EvseRef(at), context),
            expiry_date=aware(neutral.expiry_date_time),
            id_tag=fitting(neutral.id_token.id_token, TAG_LENGTH, "idTag"),
            reservation_id=neutral.id,
            parent_id_tag=v16.UNSET
            if isinstance(group, v2.UnsetType)
            else fitting(group.id_token, TAG_LENGTH, "parentIdTag"),
        )

    @staticmethod
    def answer(
        wire: v16.ReserveNowRequest, said: v2.ReserveNowResponse, context: StationContext
    ) -> v16.ReserveNowResponse:
        return v16.ReserveNowResponse(status=v16.ReservationStatus.keep(said.status))

    @staticmethod
    def hear(
        neutral: v2.ReserveNowRequest, answer: v16.ReserveNowResponse, context: StationContext
    ) -> v2.ReserveNowResponse:
        return v2.ReserveNowResponse(status=v2.ReserveNowStatus.keep(answer.status))


@V16.exchange(v16.CancelReservationRequest, v2.CancelReservationRequest, drops=COMMAND_DROPS)
class CancelReservation:
    """Give up the reservation of that number."""

    @staticmethod
    def read(wire: v16.CancelReservationRequest, context: StationContext) -> v2.CancelReservationRequest:
        return v2.CancelReservationRequest(reservation_id=wire.reservation_id)

    @staticmethod
    def write(neutral: v2.CancelReservationRequest, context: StationContext) -> v16.CancelReservationRequest:
        return v16.CancelReservationRequest(reservation_id=neutral.reservation_id)

    @staticmethod
    def answer(
        wire: v16.CancelReservationRequest, said: v2.CancelReservationResponse, context: StationContext
    ) -> v16.CancelReservationResponse:
        return v16.CancelReservationResponse(status=v16.CancelReservationStatus.keep(said.status))

    @staticmethod
    def hear(
        neutral: v2.CancelReservationRequest, answer: v16.CancelReservationResponse, context: StationContext
    ) -> v2.CancelReservationResponse:
        return v2.CancelReservationResponse(status=v2.CancelReservationStatus.keep(answer.status))
