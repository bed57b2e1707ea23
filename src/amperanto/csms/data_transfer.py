"""P. DataTransfer: vendors' own messages, answered by a hook named after the vendorId.

Nobody's vendorId is answered UnknownVendorId (P01.FR.04); the message is kept in the log either way. California pricing
is a vendorId we know; but its messages all go to the station, so one that comes from it has an unknown messageId.
"""

from __future__ import annotations

import asyncio

from amperanto.csms.block import Block
from amperanto.csms.california import VENDOR as CALIFORNIA
from amperanto.domain.stations import Station
from amperanto.ocpp import v2

HOOK_SECONDS = 10.0


class DataTransfer(Block):
    """P. DataTransfer, from the station."""

    async def answer(self, station: Station, request: v2.DataTransferRequest) -> v2.DataTransferResponse:
        """Ask the hook of that vendor, outside any unit, since it may wait (R2). Raises TimeoutError."""
        hook = self.context.hooks.data_transfer.get(request.vendor_id)
        if hook is None:
            unknown = "UnknownMessageId" if request.vendor_id == CALIFORNIA else "UnknownVendorId"
            return v2.DataTransferResponse(status=v2.DataTransferStatus(unknown))
        message = request.message_id if isinstance(request.message_id, str) else None
        async with asyncio.timeout(HOOK_SECONDS):
            status, data = await hook(station, message, request.data)
        return v2.DataTransferResponse(status=v2.DataTransferStatus(status), data=data)
