"""`amperanto stations quirks` against a running node and a station that is known for something."""

import asyncio
import json

import websockets
from tests.unit.cli.programs import run
from tests.unit.cli.test_serve import Served, served  # noqa: F401 - a fixture

BOOT = {"chargePointVendor": "Easee", "chargePointModel": "Charge", "iccid": None}


async def knock(url: str) -> None:
    async with asyncio.timeout(10), websockets.connect(url) as line:
        await line.send(json.dumps([2, "1", "BootNotification", BOOT]))
        assert json.loads(await line.recv())[0] == 3


def test_what_a_station_does_wrong_is_shown_with_its_make(served: Served) -> None:  # noqa: F811
    where = ("--data", str(served.data), "--url", served.url)
    served.run("stations", "add", "ODD-1", "--security-profile", "0")
    assert "has kept the standard so far" in run("stations", "quirks", "ODD-1", *where).stdout
    asyncio.run(knock(f"{served.ocpp}/ODD-1"))
    told = served.run("stations", "quirks", "ODD-1")
    assert told["quirk"]["name"] == "easee"
    assert {(one["kind"], one["place"]) for one in told["items"]} == {("violation", "/iccid"), ("frame", "")}
    shown = run("stations", "quirks", "ODD-1", *where).stdout
    assert "known as Easee" in shown
    assert "min meter interval: 30" in shown
    assert "connects without a subprotocol" in shown
