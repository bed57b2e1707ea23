"""Meter keys and signed readings over REST."""

from tests.support.ocmf import Meter

from .conftest import House


async def test_a_meters_key_is_registered_shown_and_withdrawn(house: House) -> None:
    await house.call("POST", "/api/v1/stations", json={"identity": "CP1"})
    meter = Meter()
    put = await house.call("PUT", "/api/v1/stations/CP1/meter-keys/1", json={"key": meter.key})
    assert (put.status_code, put.json()["key"]) == (200, meter.key.lower())
    listed = (await house.call("GET", "/api/v1/stations/CP1/meter-keys")).json()["items"]
    assert [(one["evse"], one["key"]) for one in listed] == [(1, meter.key.lower())]
    assert (await house.call("DELETE", "/api/v1/stations/CP1/meter-keys/1")).status_code == 204
    gone = await house.call("DELETE", "/api/v1/stations/CP1/meter-keys/1")
    assert (gone.status_code, gone.json()["code"]) == (404, "unknown_meter_key")


async def test_what_is_no_key_says_how_to_write_one(house: House) -> None:
    await house.call("POST", "/api/v1/stations", json={"identity": "CP1"})
    refused = await house.call("PUT", "/api/v1/stations/CP1/meter-keys/1", json={"key": "hello"})
    assert refused.status_code == 400
    assert "hex or base64" in refused.text
