"""F. Remote control, as OCPP 1.6 says it.

A remote start is answered without the transaction it led to, and its remoteStartId is kept on our side: the
next start of that token there is the one meant. Messages to be triggered are asked for by TriggerMessage;
the two that only the security extension knows, by ExtendedTriggerMessage.
"""

from __future__ import annotations

from amperanto.dialects.context import StationContext
from amperanto.dialects.errors import NotSpoken
from amperanto.dialects.v16.availability import evse, place
from amperanto.dialects.v16.charging_profiles import read_profile, written_profile
from amperanto.dialects.v16.words import (
    COMMAND_DROPS,
    CONNECTOR,
    TAG_LENGTH,
    TOKEN_TYPE,
    V16,
    connector,
    number,
)
from amperanto.dialects.wording import fitting
from amperanto.domain.stations import EvseRef
from amperanto.domain.tokens import UNKNOWN_TYPE
from amperanto.ocpp import v2, v16

NO_REMOTE_START = 0
"""The remoteStartId a station in software reads from 1.6, which has none."""


@V16.exchange(
    v16.RemoteStartTransactionRequest,
    v2.RequestStartTransactionRequest,
    drops={
        "remote_start_id": "kept on our side: the next start of that token there is the one asked for",
        "id_token.type": TOKEN_TYPE,
        "id_token.additional_info": TOKEN_TYPE,
        "charging_profile.charging_schedule": "a schedule's own id: it is the profile's",
        "group_id_token": "a 1.6 station learns the group from the answer to its start",
        "answer.transaction_id": "the number is born with the start",
        **COMMAND_DROPS,
    },
)
class RemoteStartTransaction:
    """Start a transaction for a token, at a connector or at any."""

    @staticmethod
    def read(wire: v16.RemoteStartTransactionRequest, context: StationContext) -> v2.RequestStartTransactionRequest:
        at, profile = wire.connector_id, wire.charging_profile
        return v2.RequestStartTransactionRequest(
            id_token=v2.IdToken(id_token=wire.id_tag, type=UNKNOWN_TYPE),
            remote_start_id=NO_REMOTE_START,
            evse_id=v2.UNSET if isinstance(at, v16.UnsetType) or at == 0 else context.topology.place(at).evse,
            charging_profile=v2.UNSET if isinstance(profile, v16.UnsetType) else read_profile(profile),
        )

    @staticmethod
    def write(neutral: v2.RequestStartTransactionRequest, context: StationContext) -> v16.RemoteStartTransactionRequest:
        at, profile = neutral.evse_id, neutral.charging_profile
        return v16.RemoteStartTransactionRequest(
            id_tag=fitting(neutral.id_token.id_token, TAG_LENGTH, "idTag"),
            connector_id=v16.UNSET if isinstance(at, v2.UnsetType) else connector(EvseRef(at), context),
            charging_profile=v16.UNSET if isinstance(profile, v2.UnsetType) else written_profile(profile),
        )

    @staticmethod
    def answer(
        wire: v16.RemoteStartTransactionRequest,
        said: v2.RequestStartTransactionResponse,
        context: StationContext,
    ) -> v16.RemoteStartTransactionResponse:
        return v16.RemoteStartTransactionResponse(status=v16.RemoteStartStopStatus.keep(said.status))

    @staticmethod
    def hear(
        neutral: v2.RequestStartTransactionRequest,
        answer: v16.RemoteStartTransactionResponse,
        context: StationContext,
    ) -> v2.RequestStartTransactionResponse:
        return v2.RequestStartTransactionResponse(status=v2.RequestStartStopStatus.keep(answer.status))


@V16.exchange(v16.RemoteStopTransactionRequest, v2.RequestStopTransactionRequest, drops=COMMAND_DROPS)
class RemoteStopTransaction:
    """Stop the transaction of that number."""

    @staticmethod
    def read(wire: v16.RemoteStopTransactionRequest, context: StationContext) -> v2.RequestStopTransactionRequest:
        return v2.RequestStopTransactionRequest(transaction_id=str(wire.transaction_id))

    @staticmethod
    def write(neutral: v2.RequestStopTransactionRequest, context: StationContext) -> v16.RemoteStopTransactionRequest:
        return v16.RemoteStopTransactionRequest(transaction_id=number(neutral.transaction_id))

    @staticmethod
    def answer(
        wire: v16.RemoteStopTransactionRequest,
        said: v2.RequestStopTransactionResponse,
        context: StationContext,
    ) -> v16.RemoteStopTransactionResponse:
        return v16.RemoteStopTransactionResponse(status=v16.RemoteStartStopStatus.keep(said.status))

    @staticmethod
    def hear(
        neutral: v2.RequestStopTransactionRequest,
        answer: v16.RemoteStopTransactionResponse,
        context: StationContext,
    ) -> v2.RequestStopTransactionResponse:
        return v2.RequestStopTransactionResponse(status=v2.RequestStartStopStatus.keep(answer.status))


UNLOCK = v2.UnlockStatus
UNLOCKED = {
    UNLOCK.UNLOCKED: v16.UnlockStatus.UNLOCKED,
    UNLOCK.UNLOCK_FAILED: v16.UnlockStatus.UNLOCK_FAILED,
    UNLOCK.ONGOING_AUTHORIZED_TRANSACTION: v16.UnlockStatus.UNLOCK_FAILED,
    UNLOCK.UNKNOWN_CONNECTOR: v16.UnlockStatus.NOT_SUPPORTED,
}
HEARD_UNLOCKED: dict[str, v2.UnlockStatus] = {
    "Unlocked": UNLOCK.UNLOCKED,
    "UnlockFailed": UNLOCK.UNLOCK_FAILED,
    "NotSupported": UNLOCK.UNKNOWN_CONNECTOR,
}


@V16.exchange(
    v16.UnlockConnectorRequest,
    v2.UnlockConnectorRequest,
    drops={
        "connector_id": CONNECTOR,
        **COMMAND_DROPS,
        "answer.status": "1.6 says UnlockFailed for a connector that is charging",
    },
)
class UnlockConnector:
    """Unlock a stuck cable. 1.6's NotSupported (no lock or no such connector) is UnknownConnector."""

    @staticmethod
    def read(wire: v16.UnlockConnectorRequest, context: StationContext) -> v2.UnlockConnectorRequest:
        where = context.topology.place(wire.connector_id)
        return v2.UnlockConnectorRequest(evse_id=where.evse, connector_id=where.connector or 0)

    @staticmethod
    def write(neutral: v2.UnlockConnectorRequest, context: StationContext) -> v16.UnlockConnectorRequest:
        where = EvseRef(neutral.evse_id, neutral.connector_id or None)
        return v16.UnlockConnectorRequest(connector_id=connector(where, context))

    @staticmethod
    def answer(
        wire: v16.UnlockConnectorRequest, said: v2.UnlockConnectorResponse, context: StationContext
    ) -> v16.UnlockConnectorResponse:
        return v16.UnlockConnectorResponse(status=UNLOCKED.get(said.status, v16.UnlockStatus.UNLOCK_FAILED))

    @staticmethod
    def hear(
        neutral: v2.UnlockConnectorRequest, answer: v16.UnlockConnectorResponse, context: StationContext
    ) -> v2.UnlockConnectorResponse:
        return v2.UnlockConnectorResponse(status=HEARD_UNLOCKED.get(answer.status, UNLOCK.UNLOCK_FAILED))


TRIGGER, EXTENDED, WANTED = v16.MessageTrigger, v16.ExtendedMessageTrigger, v2.MessageTrigger
PLAIN_TRIGGERS = {
    WANTED.BOOT_NOTIFICATION: TRIGGER.BOOT_NOTIFICATION,
    WANTED.FIRMWARE_STATUS_NOTIFICATION: TRIGGER.FIRMWARE_STATUS_NOTIFICATION,
    WANTED.HEARTBEAT: TRIGGER.HEARTBEAT,
    WANTED.METER_VALUES: TRIGGER.METER_VALUES,
    WANTED.STATUS_NOTIFICATION: TRIGGER.STATUS_NOTIFICATION,
}
EXTENDED_TRIGGERS = {
    WANTED.LOG_STATUS_NOTIFICATION: EXTENDED.LOG_STATUS_NOTIFICATION,
    WANTED.SIGN_CHARGING_STATION_CERTIFICATE: EXTENDED.SIGN_CHARGE_POINT_CERTIFICATE,
}
HEARD_TRIGGERS: dict[str, v2.MessageTrigger] = {
    TRIGGER.DIAGNOSTICS_STATUS_NOTIFICATION.value: WANTED.LOG_STATUS_NOTIFICATION,
    **{said.value: wanted for wanted, said in PLAIN_TRIGGERS.items()},
    **{said.value: wanted for wanted, said in EXTENDED_TRIGGERS.items()},
}


@V16.exchange(
    (v16.TriggerMessageRequest, v16.ExtendedTriggerMessageRequest),
    v2.TriggerMessageRequest,
    drops={"evse": CONNECTOR, **COMMAND_DROPS},
)
class TriggerMessage:
    """Make the station send a message now."""

    @staticmethod
    def read(
        wire: v16.TriggerMessageRequest | v16.ExtendedTriggerMessageRequest, context: StationContext
    ) -> v2.TriggerMessageRequest:
        wanted = wire.requested_message
        at = wire.connector_id
        return v2.TriggerMessageRequest(
            requested_message=HEARD_TRIGGERS.get(wanted) or WANTED.keep(wanted),
            evse=v2.UNSET if isinstance(at, v16.UnsetType) else evse(at, context),
        )

    @staticmethod
    def write(
        neutral: v2.TriggerMessageRequest, context: StationContext
    ) -> v16.TriggerMessageRequest | v16.ExtendedTriggerMessageRequest:
        wanted = neutral.requested_message
        at = v16.UNSET if isinstance(neutral.evse, v2.UnsetType) else connector(place(neutral.evse), context)
        if wanted in PLAIN_TRIGGERS:
            return v16.TriggerMessageRequest(requested_message=PLAIN_TRIGGERS[wanted], connector_id=at)
        if wanted in EXTENDED_TRIGGERS:
            return v16.ExtendedTriggerMessageRequest(requested_message=EXTENDED_TRIGGERS[wanted], connector_id=at)
        raise NotSpoken(f"OCPP 1.6 cannot be asked for {wanted}")

    @staticmethod
    def answer(
        wire: v16.TriggerMessageRequest | v16.ExtendedTriggerMessageRequest,
        said: v2.TriggerMessageResponse,
        context: StationContext,
    ) -> v16.TriggerMessageResponse | v16.ExtendedTriggerMessageResponse:
        status = v16.TriggerMessageStatus.keep(said.status)
        if isinstance(wire, v16.TriggerMessageRequest):
            return v16.TriggerMessageResponse(status=status)
        return v16.ExtendedTriggerMessageResponse(status=status)

    @staticmethod
    def hear(
        neutral: v2.TriggerMessageRequest,
        answer: v16.TriggerMessageResponse | v16.ExtendedTriggerMessageResponse,
        context: StationContext,
    ) -> v2.TriggerMessageResponse:
        return v2.TriggerMessageResponse(status=v2.TriggerMessageStatus.keep(answer.status))
