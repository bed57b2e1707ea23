"""D. Local authorization list, as OCPP 2.x says it: its own words, but each token must be of some kind."""

from __future__ import annotations

from amperanto.dialects.context import StationContext
from amperanto.dialects.errors import NotSpoken
from amperanto.dialects.v2.words import V2
from amperanto.domain.tokens import UNKNOWN_TYPE
from amperanto.ocpp import v2


@V2.exchange(v2.SendLocalListRequest, v2.SendLocalListRequest)
class SendLocalList:
    """Replace the list, or put and remove some of its tokens. A 2.x station matches tokens by their kind, too."""

    @staticmethod
    def read(wire: v2.SendLocalListRequest, context: StationContext) -> v2.SendLocalListRequest:
        return wire

    @staticmethod
    def write(neutral: v2.SendLocalListRequest, context: StationContext) -> v2.SendLocalListRequest:
        for line in v2.or_none(neutral.local_authorization_list) or []:
            if line.id_token.type == UNKNOWN_TYPE:
                raise NotSpoken(f"OCPP 2.x must say what kind of token {line.id_token.id_token[:40]!r} is")
        return neutral

    @staticmethod
    def answer(
        wire: v2.SendLocalListRequest, said: v2.SendLocalListResponse, context: StationContext
    ) -> v2.SendLocalListResponse:
        return said

    @staticmethod
    def hear(
        neutral: v2.SendLocalListRequest, answer: v2.SendLocalListResponse, context: StationContext
    ) -> v2.SendLocalListResponse:
        return answer
