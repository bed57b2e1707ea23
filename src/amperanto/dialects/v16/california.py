"""California pricing in 1.6: what 2.1 says by CostUpdated, lifted into and out of a DataTransfer.

The vendor is `org.openchargealliance.costmsg`. A running cost is `RunningCost`, the last one `FinalCost`; what they say
beyond the cost (state, register, prices that hold, text) stands in 2.1's customData under the same names, as the Open
Charge Alliance's paper has it for 2.x. `SetUserPrice` has no request in 2.1 and passes as the DataTransfer it is.
"""

from __future__ import annotations

from typing import Any

import msgspec

from amperanto.dialects.errors import NotSpoken
from amperanto.ocpp import v2, v16

VENDOR = "org.openchargealliance.costmsg"
RUNNING, FINAL = "RunningCost", "FinalCost"


def write_cost(neutral: v2.CostUpdatedRequest) -> v16.DataTransferRequest:
    """A cost as a DataTransfer. Raises NotSpoken for a transaction 1.6 has no number for."""
    if not neutral.transaction_id.isdigit():
        raise NotSpoken("in OCPP 1.6 a transaction is a number")
    extra: dict[str, Any] = dict(v2.or_none(neutral.custom_data) or {})
    extra.pop("vendorId", None)
    last = extra.pop("final", False) is True
    data = {"transactionId": int(neutral.transaction_id), "cost": neutral.total_cost, **extra}
    return v16.DataTransferRequest(
        vendor_id=VENDOR, message_id=FINAL if last else RUNNING, data=msgspec.json.encode(data).decode()
    )


def read_cost(wire: v16.DataTransferRequest) -> v2.CostUpdatedRequest | None:
    """The cost a DataTransfer tells; None for any other."""
    if wire.vendor_id != VENDOR or wire.message_id not in (RUNNING, FINAL) or not isinstance(wire.data, str):
        return None
    try:
        told: dict[str, Any] = msgspec.json.decode(wire.data, type=dict[str, Any])
        number, cost = int(told.pop("transactionId")), float(told.pop("cost"))
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        return None
    last: dict[str, Any] = {"final": True} if wire.message_id == FINAL else {}
    extra = {"vendorId": VENDOR, **last, **told}
    return v2.CostUpdatedRequest(
        total_cost=cost, transaction_id=str(number), custom_data=extra if len(extra) > 1 else v2.UNSET
    )


def answer_of(said: v2.CostUpdatedResponse) -> v16.DataTransferResponse:
    """What a station says to a cost: taken, or the word for why not, which stands in customData."""
    word = (v2.or_none(said.custom_data) or {}).get("status", v16.DataTransferStatus.ACCEPTED)
    return v16.DataTransferResponse(status=v16.DataTransferStatus.keep(str(word)))


def heard(answer: v16.DataTransferResponse) -> v2.CostUpdatedResponse:
    """That the station took it; the word of one that did not stands in customData."""
    if answer.status == v16.DataTransferStatus.ACCEPTED:
        return v2.CostUpdatedResponse()
    return v2.CostUpdatedResponse(custom_data={"vendorId": VENDOR, "status": str(answer.status)})
