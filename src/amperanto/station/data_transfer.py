"""P. DataTransfer: nobody's extensions are known here."""

from __future__ import annotations

from amperanto.ocpp import v2
from amperanto.station.block import Block, handles


class DataTransfer(Block):
    """P. DataTransfer."""

    @handles(v2.DataTransferRequest)
    def received(self, _: v2.DataTransferRequest) -> v2.DataTransferResponse:
        """Every vendor is unknown (P01.FR.05)."""
        return v2.DataTransferResponse(status=v2.DataTransferStatus.UNKNOWN_VENDOR_ID)
