"""C. Authorization, as OCPP 2.x says it. Certificates presented with a token come with ISO 15118, later."""

from __future__ import annotations

from amperanto.dialects.context import StationContext
from amperanto.dialects.v2.words import V2, authorization, id_token, id_token_info, token
from amperanto.domain.decisions import TokenDecision
from amperanto.domain.observations import TokenPresented
from amperanto.ocpp import v2


@V2.exchange(v2.AuthorizeRequest, TokenPresented)
class Authorize:
    """A driver presented a token."""

    @staticmethod
    def read(wire: v2.AuthorizeRequest, context: StationContext) -> TokenPresented:
        return TokenPresented(token=token(wire.id_token))

    @staticmethod
    def write(neutral: TokenPresented, context: StationContext) -> v2.AuthorizeRequest:
        return v2.AuthorizeRequest(id_token=id_token(neutral.token))

    @staticmethod
    def answer(wire: v2.AuthorizeRequest, said: TokenDecision, context: StationContext) -> v2.AuthorizeResponse:
        return v2.AuthorizeResponse(id_token_info=id_token_info(said.authorization))

    @staticmethod
    def hear(neutral: TokenPresented, answer: v2.AuthorizeResponse, context: StationContext) -> TokenDecision:
        return TokenDecision(authorization=authorization(answer.id_token_info))
