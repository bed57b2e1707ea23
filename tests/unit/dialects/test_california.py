"""California pricing in 1.6: a cost travels as a DataTransfer and means the same on the other side."""

import json

import pytest

from amperanto.conformance.requirements import requirement
from amperanto.dialects import NotSpoken, PlainContext, dialect_for
from amperanto.ocpp import v2, v16
from amperanto.ocpp.versions import Version

VENDOR = "org.openchargealliance.costmsg"
V16 = dialect_for(Version.V16)
CONTEXT = PlainContext()
EXTRA = {"vendorId": VENDOR, "state": "Charging", "meterValue": 12000, "chargingPrice": {"kWhPrice": 0.5}}


@requirement("1.6:California-4")
@pytest.mark.parametrize(("final", "message"), [(False, "RunningCost"), (True, "FinalCost")])
def test_a_cost_is_a_data_transfer_of_the_vendor_with_json_text(final: bool, message: str) -> None:
    extra = {**EXTRA, "final": True} if final else EXTRA
    asked = v2.CostUpdatedRequest(total_cost=6.05, transaction_id="4711", custom_data=extra)
    [wire] = V16.write(asked, CONTEXT)
    assert isinstance(wire, v16.DataTransferRequest)
    assert (wire.vendor_id, wire.message_id) == (VENDOR, message)
    assert isinstance(wire.data, str)
    told = json.loads(wire.data)
    assert (told["transactionId"], told["cost"], told["state"]) == (4711, 6.05, "Charging")
    assert "vendorId" not in told and "final" not in told
    assert V16.read(wire, CONTEXT) == asked
    taken = V16.answer(wire, v2.CostUpdatedResponse(), CONTEXT)
    assert V16.hear(asked, [taken], CONTEXT) == v2.CostUpdatedResponse()


def test_a_station_that_knows_no_such_vendor_is_heard_to_say_so() -> None:
    asked = v2.CostUpdatedRequest(total_cost=1, transaction_id="1")
    refused = v16.DataTransferResponse(status=v16.DataTransferStatus.UNKNOWN_VENDOR_ID)
    heard = V16.hear(asked, [refused], CONTEXT)
    assert isinstance(heard, v2.CostUpdatedResponse) and heard.custom_data["status"] == "UnknownVendorId"  # type: ignore[index]


def test_what_is_no_cost_stays_a_data_transfer() -> None:
    for data in ("", "{", "[]", '{"cost": 1}', '{"transactionId": "x", "cost": 1}'):
        wire = v16.DataTransferRequest(vendor_id=VENDOR, message_id="RunningCost", data=data)
        assert V16.read(wire, CONTEXT) == v2.DataTransferRequest(vendor_id=VENDOR, message_id="RunningCost", data=data)
    with pytest.raises(NotSpoken):
        V16.write(v2.CostUpdatedRequest(total_cost=1, transaction_id="a-b"), CONTEXT)
