"""D. Local authorization list, as OCPP 1.6 says it: idTags without a type, and two answers 2.x does not have.

A station without a list answers NotSupported, or the version -1; both are kept as the station said them. 2.x says
0 for a list that is empty or off, 1.6 for one that is empty.
"""

from __future__ import annotations

from amperanto.dialects.context import StationContext
from amperanto.dialects.errors import NotSpoken
from amperanto.dialects.v16.words import (
    COMMAND_DROPS,
    CUSTOM_DATA,
    LANGUAGES,
    TAG_LENGTH,
    TOKEN_TYPE,
    V16,
    authorization,
    id_tag_info,
)
from amperanto.dialects.wording import aware_or_none, fitting, word
from amperanto.domain.tokens import UNKNOWN_TYPE, Authorization, AuthorizationStatus
from amperanto.ocpp import v2, v16

GROUP_TYPE = "Central"
LINE = "local_authorization_list"
INFO = f"{LINE}.id_token_info"
_KNOWN = {status.value: status for status in AuthorizationStatus}


@V16.exchange(v16.GetLocalListVersionRequest, v2.GetLocalListVersionRequest, drops=COMMAND_DROPS)
class GetLocalListVersion:
    """Which version of the list the station has: -1 for a station that has no lists, 0 for an empty one."""

    @staticmethod
    def read(wire: v16.GetLocalListVersionRequest, context: StationContext) -> v2.GetLocalListVersionRequest:
        return v2.GetLocalListVersionRequest()

    @staticmethod
    def write(neutral: v2.GetLocalListVersionRequest, context: StationContext) -> v16.GetLocalListVersionRequest:
        return v16.GetLocalListVersionRequest()

    @staticmethod
    def answer(
        wire: v16.GetLocalListVersionRequest, said: v2.GetLocalListVersionResponse, context: StationContext
    ) -> v16.GetLocalListVersionResponse:
        return v16.GetLocalListVersionResponse(list_version=said.version_number)

    @staticmethod
    def hear(
        neutral: v2.GetLocalListVersionRequest,
        answer: v16.GetLocalListVersionResponse,
        context: StationContext,
    ) -> v2.GetLocalListVersionResponse:
        return v2.GetLocalListVersionResponse(version_number=answer.list_version)


@V16.exchange(
    v16.SendLocalListRequest,
    v2.SendLocalListRequest,
    drops={
        f"{LINE}.id_token.type": TOKEN_TYPE,
        f"{LINE}.id_token.additional_info": TOKEN_TYPE,
        f"{LINE}.id_token.custom_data": CUSTOM_DATA,
        f"{LINE}.custom_data": CUSTOM_DATA,
        f"{INFO}.status": "1.6 has five statuses; what else refuses a token is said as Invalid",
        f"{INFO}.group_id_token": f"left out beyond the {TAG_LENGTH} characters of a parentIdTag; 1.6 says no type",
        f"{INFO}.charging_priority": "1.6 knows no priorities",
        f"{INFO}.language1": LANGUAGES,
        f"{INFO}.language2": LANGUAGES,
        f"{INFO}.personal_message": "1.6 shows no messages to drivers",
        f"{INFO}.custom_data": CUSTOM_DATA,
        **COMMAND_DROPS,
    },
)
class SendLocalList:
    """Replace the list, or put and remove some of its tokens."""

    @staticmethod
    def read(wire: v16.SendLocalListRequest, context: StationContext) -> v2.SendLocalListRequest:
        listed = v16.or_none(wire.local_authorization_list) or []
        return v2.SendLocalListRequest(
            version_number=wire.list_version,
            update_type=v2.Update.keep(wire.update_type),
            local_authorization_list=[_read(one) for one in listed] or v2.UNSET,
        )

    @staticmethod
    def write(neutral: v2.SendLocalListRequest, context: StationContext) -> v16.SendLocalListRequest:
        listed = v2.or_none(neutral.local_authorization_list) or []
        return v16.SendLocalListRequest(
            list_version=neutral.version_number,
            update_type=word(v16.Update, neutral.update_type, "update type"),
            local_authorization_list=[_written(one) for one in listed],
        )

    @staticmethod
    def answer(
        wire: v16.SendLocalListRequest, said: v2.SendLocalListResponse, context: StationContext
    ) -> v16.SendLocalListResponse:
        return v16.SendLocalListResponse(status=v16.UpdateStatus.keep(said.status))

    @staticmethod
    def hear(
        neutral: v2.SendLocalListRequest, answer: v16.SendLocalListResponse, context: StationContext
    ) -> v2.SendLocalListResponse:
        return v2.SendLocalListResponse(status=v2.SendLocalListStatus.keep(answer.status))


def _read(line: v16.AuthorizationData) -> v2.AuthorizationData:
    info = v16.or_none(line.id_tag_info)
    return v2.AuthorizationData(
        id_token=v2.IdToken(id_token=line.id_tag, type=UNKNOWN_TYPE),
        id_token_info=v2.UNSET if info is None else _info(authorization(info)),
    )


def _info(told: Authorization) -> v2.IdTokenInfo:
    group = told.group
    return v2.IdTokenInfo(
        status=v2.AuthorizationStatus(told.status.value),
        group_id_token=v2.UNSET if group is None else v2.IdToken(id_token=group, type=GROUP_TYPE),
        cache_expiry_date_time=v2.unless_none(told.expires_at),
    )


def _written(line: v2.AuthorizationData) -> v16.AuthorizationData:
    info = v2.or_none(line.id_token_info)
    if info is not None and v2.or_none(info.evse_id):
        raise NotSpoken("OCPP 1.6 lists a token for the whole station, not for some of its EVSEs")
    return v16.AuthorizationData(
        id_tag=fitting(line.id_token.id_token, TAG_LENGTH, "idTag"),
        id_tag_info=v16.UNSET if info is None else id_tag_info(_outcome(info)),
    )


def _outcome(info: v2.IdTokenInfo) -> Authorization:
    group = v2.or_none(info.group_id_token)
    return Authorization(
        status=_KNOWN.get(info.status, AuthorizationStatus.INVALID),
        group=None if group is None else group.id_token,
        expires_at=aware_or_none(info.cache_expiry_date_time),
    )
