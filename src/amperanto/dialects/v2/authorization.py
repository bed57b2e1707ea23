"""C. Authorization, as OCPP 2.x says it. Certificates presented with a token come with ISO 15118, later."""

from __future__ import annotations

import msgspec

from amperanto.dialects.context import StationContext
from amperanto.dialects.v2.costs import read_tariff, write_tariff
from amperanto.dialects.v2.words import (
    TOKEN_DROPS,
    V2,
    authorization,
    id_token,
    id_token_info,
    read_message,
    token,
    write_message,
)
from amperanto.domain.decisions import TokenDecision
from amperanto.domain.errors import ImpossibleQuantity
from amperanto.domain.observations import TokenPresented
from amperanto.domain.tariffs import Tariff
from amperanto.ocpp import v2


@V2.exchange(
    v2.AuthorizeRequest,
    TokenPresented,
    drops={
        "answer.tariff": "a JSON number has about 15 digits",
        "answer.unreadable_tariff": "what a station notices, not what a CSMS says",
        **TOKEN_DROPS,
    },
)
class Authorize:
    """A driver presented a token."""

    @staticmethod
    def read(wire: v2.AuthorizeRequest, context: StationContext) -> TokenPresented:
        more = wire.id_token.additional_info
        if isinstance(more, v2.UnsetType):
            return TokenPresented(token=token(wire.id_token))
        details = tuple((one.type, one.additional_id_token) for one in more)
        return TokenPresented(token=token(wire.id_token), details=details)

    @staticmethod
    def write(neutral: TokenPresented, context: StationContext) -> v2.AuthorizeRequest:
        said = id_token(neutral.token)
        if neutral.details:
            more = [v2.AdditionalInfo(type=kind, additional_id_token=value) for kind, value in neutral.details]
            said = v2.IdToken(id_token=said.id_token, type=said.type, additional_info=more)
        return v2.AuthorizeRequest(id_token=said)

    @staticmethod
    def answer(wire: v2.AuthorizeRequest, said: TokenDecision, context: StationContext) -> v2.AuthorizeResponse:
        info = id_token_info(said.authorization)
        if said.message is not None:
            info = msgspec.structs.replace(info, personal_message=write_message(said.message))
        tariff = v2.UNSET if said.tariff is None else write_tariff(said.tariff)
        return v2.AuthorizeResponse(id_token_info=info, tariff=tariff)

    @staticmethod
    def hear(neutral: TokenPresented, answer: v2.AuthorizeResponse, context: StationContext) -> TokenDecision:
        message = answer.id_token_info.personal_message
        tariff, failed = _tariff(answer.tariff)
        return TokenDecision(
            authorization=authorization(answer.id_token_info),
            message=None if isinstance(message, v2.UnsetType) else read_message(message),
            tariff=tariff,
            unreadable_tariff=failed,
        )


def _tariff(told: v2.Tariff | v2.UnsetType) -> tuple[Tariff | None, bool]:
    """The driver's tariff, and whether one was told that cannot be read: the token's outcome stands all the same."""
    if isinstance(told, v2.UnsetType):
        return None, False
    try:
        return read_tariff(told), False
    except (ValueError, ImpossibleQuantity):
        return None, True
