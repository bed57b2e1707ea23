"""What OCPP 2.x words mean: EVSEs, IdTokens, and the outcome for a token.

Here is the list that the block files of this package fill (`V2`). Only messages that become observations are
in it; every other request of 2.0.1 and 2.1 is its own neutral word.
"""

from __future__ import annotations

from amperanto.dialects.dialect import Exchanges
from amperanto.dialects.errors import NotSpoken
from amperanto.dialects.wording import aware, aware_or_none, fitting, fitting_or_unset, word
from amperanto.domain.decisions import PersonalMessage
from amperanto.domain.stations import EvseRef
from amperanto.domain.tokens import UNKNOWN_TYPE, Authorization, AuthorizationStatus, Token
from amperanto.ocpp import v2

V2 = Exchanges("OCPP 2.x")

GROUP_TYPE = "Central"
TOKEN_DROPS = {
    "answer.authorization.basis": "why we say so is our own remark",
    "answer.authorization.message": "the text for the driver is told with the decision (I01)",
    "answer.authorization.limit": "the limit is told with the transaction (C17)",
}
ANSWER_DROPS = {"answer.number": "only 1.6 numbers transactions for the station", **TOKEN_DROPS}
_STATUS = {status.value: status for status in AuthorizationStatus}
_SAID = {status: v2.AuthorizationStatus(status.value) for status in AuthorizationStatus}


def evse(where: EvseRef) -> v2.EVSE:
    """The place as an EVSE."""
    connector = where.connector
    return v2.EVSE(id=where.evse, connector_id=v2.UNSET if connector is None else connector)


def place(told: v2.EVSE) -> EvseRef:
    """The place an EVSE names; connectors are numbered from 1, so 0 names none."""
    connector = told.connector_id
    return EvseRef(told.id, None if isinstance(connector, v2.UnsetType) else connector or None)


def id_token(token: Token) -> v2.IdToken:
    """The token as an IdToken. Raises NotSpoken for a token of unknown type."""
    if token.type == UNKNOWN_TYPE:
        raise NotSpoken("OCPP 2.x must say what kind of token it is")
    return v2.IdToken(id_token=fitting(token.uid, 255, "token"), type=fitting(token.type, 20, "token type"))


def token(told: v2.IdToken) -> Token:
    """The token presented."""
    return Token(told.id_token, told.type)


def id_token_info(authorization: Authorization) -> v2.IdTokenInfo:
    """The outcome for a token, in 2.x words."""
    group, expires = authorization.group, authorization.expires_at
    return v2.IdTokenInfo(
        status=_SAID[authorization.status],
        group_id_token=v2.UNSET if group is None else v2.IdToken(id_token=group, type=GROUP_TYPE),
        cache_expiry_date_time=v2.UNSET if expires is None else aware(expires),
        evse_id=list(authorization.evses) or v2.UNSET,
        language1=v2.unless_none(authorization.language1),
        language2=v2.unless_none(authorization.language2),
    )


def authorization(info: v2.IdTokenInfo) -> Authorization:
    """The outcome a CSMS told; a word nobody knows is a refusal."""
    group, evses = info.group_id_token, info.evse_id
    return Authorization(
        status=_STATUS.get(info.status, AuthorizationStatus.INVALID),
        group=None if isinstance(group, v2.UnsetType) else group.id_token,
        expires_at=aware_or_none(info.cache_expiry_date_time),
        evses=() if isinstance(evses, v2.UnsetType) else tuple(evses),
        language1=v2.or_none(info.language1),
        language2=v2.or_none(info.language2),
    )


def read_message(told: v2.MessageContent) -> PersonalMessage:
    """A text for the driver."""
    return PersonalMessage(told.content, str(told.format), v2.or_none(told.language))


def write_message(message: PersonalMessage | None) -> v2.MessageContent | v2.UnsetType:
    """A text for the driver, left out for None. Raises NotSpoken."""
    if message is None:
        return v2.UNSET
    return v2.MessageContent(
        format=word(v2.MessageFormat, message.format, "message format"),
        content=fitting(message.content, 1024, "message"),
        language=fitting_or_unset(message.language, 8, "language"),
    )
