"""What OCPP 1.6 words mean: where connectors are, what an idTag may be, how a token's status is said.

Here is the list that the block files of this package fill (`V16`). 1.6 knows five authorization statuses;
whatever else refuses a token is told as Invalid.
"""

from __future__ import annotations

from amperanto.dialects.context import StationContext
from amperanto.dialects.dialect import Exchanges
from amperanto.dialects.errors import NotSpoken
from amperanto.dialects.wording import aware_or_none, fitting
from amperanto.domain.stations import EvseRef
from amperanto.domain.tokens import Authorization, AuthorizationStatus, Token
from amperanto.ocpp import v16

V16 = Exchanges("OCPP 1.6")

TAG_LENGTH = 20
OUR_REMARK = "why we say so is our own remark"
LANGUAGES = "a 1.6 station knows no languages of its drivers"
ANSWER_DROPS = {
    "answer.authorization.status": "1.6 has five statuses; what else refuses a token is said as Invalid",
    "answer.authorization.evses": "1.6 answers for the whole station; the start at another EVSE is refused",
    "answer.authorization.language1": LANGUAGES,
    "answer.authorization.language2": LANGUAGES,
    "answer.authorization.message": "1.6 shows no messages to drivers",
    "answer.authorization.basis": OUR_REMARK,
    "answer.authorization.limit": "1.6 knows no limits of a transaction",
    "answer.authorization.group": f"left out beyond the {TAG_LENGTH} characters of a parentIdTag",
}
TOKEN_TYPE = "1.6 does not say what kind of token an idTag is"  # noqa: S105
CONNECTOR = "1.6 numbers connectors only; the topology restores EVSE and connector"
STATUS_INFO = "1.6 says a status without its reason"
CUSTOM_DATA = "1.6 has no room for vendors' additions"
COMMAND_DROPS = {
    "custom_data": CUSTOM_DATA,
    "answer.status_info": STATUS_INFO,
    "answer.custom_data": CUSTOM_DATA,
}

_STATUS = {status.value: AuthorizationStatus(status.value) for status in v16.AuthorizationStatus}
_SAID = {status: v16.AuthorizationStatus(text) for text, status in _STATUS.items()}


def id_tag(token: Token) -> str:
    """The token as an idTag. Raises NotSpoken for more than 20 characters."""
    return fitting(token.uid, TAG_LENGTH, "idTag")


def token_of(told: str) -> Token:
    """The token an idTag means: 20 characters, whatever a station reads beyond the end of its buffer."""
    return Token(told[:TAG_LENGTH])


def connector(where: EvseRef | None, context: StationContext) -> int:
    """The connector at that place. Raises NotSpoken."""
    if where is None:
        raise NotSpoken("OCPP 1.6 must say at which connector")
    return context.topology.connector(where)


def number(reference: str | None) -> int:
    """The transaction number in a reference. Raises NotSpoken for what is no 1.6 number."""
    try:
        found = int(reference or "")
    except ValueError:
        found = None
    if found is None or str(found) != reference:
        raise NotSpoken(f"OCPP 1.6 numbers its transactions; {reference!r} is no such number")
    return found


def id_tag_info(authorization: Authorization) -> v16.IdTagInfo:
    """The outcome for a token, in 1.6's words."""
    group, expires = authorization.group, authorization.expires_at
    return v16.IdTagInfo(
        status=_SAID.get(authorization.status, v16.AuthorizationStatus.INVALID),
        parent_id_tag=group if group is not None and len(group) <= TAG_LENGTH else v16.UNSET,
        expiry_date=v16.unless_none(expires),
    )


def authorization(info: v16.IdTagInfo) -> Authorization:
    """The outcome a CSMS told."""
    return Authorization(
        status=_STATUS.get(info.status, AuthorizationStatus.INVALID),
        group=v16.or_none(info.parent_id_tag),
        expires_at=aware_or_none(info.expiry_date),
    )
