"""P. DataTransfer: each vendor's extension is answered by whoever knows it; nobody's is unknown (P01.FR.05)."""

from __future__ import annotations

from collections.abc import Callable

from amperanto.ocpp import v2
from amperanto.station.block import Block, handles
from amperanto.station.context import Context
from amperanto.station.line import Line

Answering = Callable[[v2.DataTransferRequest], v2.DataTransferResponse]


class DataTransfer(Block):
    """P. DataTransfer."""

    def __init__(self, context: Context, line: Line) -> None:
        super().__init__(context, line)
        self.vendors: dict[str, Answering] = {}

    @handles(v2.DataTransferRequest)
    def received(self, asked: v2.DataTransferRequest) -> v2.DataTransferResponse:
        """Ask who knows that vendor's messages."""
        answering = self.vendors.get(asked.vendor_id)
        if answering is None:
            return v2.DataTransferResponse(status=v2.DataTransferStatus.UNKNOWN_VENDOR_ID)
        return answering(asked)
