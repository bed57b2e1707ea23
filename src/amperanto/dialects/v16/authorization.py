"""C. Authorization, as OCPP 1.6 says it: an idTag without a type, answered with one of five statuses."""

from __future__ import annotations

from amperanto.dialects.context import StationContext
from amperanto.dialects.v16.words import (
    ANSWER_DROPS,
    COMMAND_DROPS,
    TOKEN_TYPE,
    V16,
    authorization,
    id_tag,
    id_tag_info,
    token_of,
)
from amperanto.domain.decisions import TokenDecision
from amperanto.domain.observations import TokenPresented
from amperanto.ocpp import v2, v16


@V16.exchange(
    v16.AuthorizeRequest,
    TokenPresented,
    drops={
        "token.type": TOKEN_TYPE,
        "answer.message": "1.6 tells a price by DataTransfer only",
        "answer.tariff": "1.6 stations calculate no costs",
        "answer.unreadable_tariff": "1.6 stations calculate no costs",
        **ANSWER_DROPS,
    },
)
class Authorize:
    """A driver presented a token."""

    @staticmethod
    def read(wire: v16.AuthorizeRequest, context: StationContext) -> TokenPresented:
        return TokenPresented(token=token_of(wire.id_tag))

    @staticmethod
    def write(neutral: TokenPresented, context: StationContext) -> v16.AuthorizeRequest:
        return v16.AuthorizeRequest(id_tag=id_tag(neutral.token))

    @staticmethod
    def answer(wire: v16.AuthorizeRequest, said: TokenDecision, context: StationContext) -> v16.AuthorizeResponse:
        return v16.AuthorizeResponse(id_tag_info=id_tag_info(said.authorization))

    @staticmethod
    def hear(neutral: TokenPresented, answer: v16.AuthorizeResponse, context: StationContext) -> TokenDecision:
        return TokenDecision(authorization=authorization(answer.id_tag_info))


@V16.exchange(v16.ClearCacheRequest, v2.ClearCacheRequest, drops=COMMAND_DROPS)
class ClearCache:
    """Forget the outcomes of earlier authorizations."""

    @staticmethod
    def read(wire: v16.ClearCacheRequest, context: StationContext) -> v2.ClearCacheRequest:
        return v2.ClearCacheRequest()

    @staticmethod
    def write(neutral: v2.ClearCacheRequest, context: StationContext) -> v16.ClearCacheRequest:
        return v16.ClearCacheRequest()

    @staticmethod
    def answer(
        wire: v16.ClearCacheRequest, said: v2.ClearCacheResponse, context: StationContext
    ) -> v16.ClearCacheResponse:
        return v16.ClearCacheResponse(status=v16.ClearCacheStatus.keep(said.status))

    @staticmethod
    def hear(
        neutral: v2.ClearCacheRequest, answer: v16.ClearCacheResponse, context: StationContext
    ) -> v2.ClearCacheResponse:
        return v2.ClearCacheResponse(status=v2.ClearCacheStatus.keep(answer.status))
