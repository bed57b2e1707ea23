"""P. DataTransfer, as OCPP 1.6 says it, both ways: vendors' messages, whose data is text.

2.x lets data be any JSON. A request with other data than text is not sent, since nobody knows how that
vendor would write it; an answer is written as JSON text, since the station waits for one. What travels inside
DataTransfer and has a word in 2.1 is lifted to it: California pricing (california.py).
"""

from __future__ import annotations

import msgspec

from amperanto.dialects.context import StationContext
from amperanto.dialects.errors import NotSpoken
from amperanto.dialects.v16 import california
from amperanto.dialects.v16.words import COMMAND_DROPS, V16
from amperanto.ocpp import v2, v16

LIFTED = "what is lifted out of a DataTransfer is answered by its status alone"


@V16.exchange(
    v16.DataTransferRequest,
    (v2.DataTransferRequest, v2.CostUpdatedRequest),
    drops={**COMMAND_DROPS, "answer.data": f"1.6 answers with text; other data is written as JSON; {LIFTED}"},
)
class DataTransfer:
    """A vendor's own message, or a cost told by one."""

    @staticmethod
    def read(wire: v16.DataTransferRequest, context: StationContext) -> v2.DataTransferRequest | v2.CostUpdatedRequest:
        cost = california.read_cost(wire)
        if cost is not None:
            return cost
        return v2.DataTransferRequest(vendor_id=wire.vendor_id, message_id=wire.message_id, data=wire.data)

    @staticmethod
    def write(
        neutral: v2.DataTransferRequest | v2.CostUpdatedRequest, context: StationContext
    ) -> v16.DataTransferRequest:
        if isinstance(neutral, v2.CostUpdatedRequest):
            return california.write_cost(neutral)
        data: object = neutral.data
        if not isinstance(data, str | v2.UnsetType):
            raise NotSpoken("in OCPP 1.6 the data of a DataTransfer is text")
        return v16.DataTransferRequest(vendor_id=neutral.vendor_id, message_id=neutral.message_id, data=data)

    @staticmethod
    def answer(
        wire: v16.DataTransferRequest, said: v2.DataTransferResponse | v2.CostUpdatedResponse, context: StationContext
    ) -> v16.DataTransferResponse:
        if isinstance(said, v2.CostUpdatedResponse):
            return california.answer_of(said)
        data: object = said.data
        if data is None:
            data = v16.UNSET
        elif not isinstance(data, str | v2.UnsetType):
            data = msgspec.json.encode(data).decode()
        return v16.DataTransferResponse(status=v16.DataTransferStatus.keep(said.status), data=data)

    @staticmethod
    def hear(
        neutral: v2.DataTransferRequest | v2.CostUpdatedRequest,
        answer: v16.DataTransferResponse,
        context: StationContext,
    ) -> v2.DataTransferResponse | v2.CostUpdatedResponse:
        if isinstance(neutral, v2.CostUpdatedRequest):
            return california.heard(answer)
        return v2.DataTransferResponse(status=v2.DataTransferStatus.keep(answer.status), data=answer.data)
