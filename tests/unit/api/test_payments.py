"""Payments over REST and on the wire, with a 2.1 station that speaks by hand and a provider that takes no money."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect

from amperanto import app
from amperanto.conformance.requirements import requirement
from amperanto.csms.pretend_provider import PretendProvider
from amperanto.domain.qr_codes import code
from amperanto.settings import in_memory

PASSWORD = "0123456789abcdef"
NOW = "2026-11-25T12:00:00Z"


class Place:
    """A running node with one 2.1 station on its wire."""

    def __init__(self, node: app.Node, client: httpx2.AsyncClient, socket: ClientConnection) -> None:
        self.node = node
        self.client = client
        self.socket = socket
        self.provider = PretendProvider()
        csms = node.csms
        hooks = replace(csms.context.hooks, payment_provider=self.provider)
        for block in (csms.payment, csms.settlements):
            block.context = replace(block.context, hooks=hooks)

    async def call(self, method: str, path: str, body: Any = None) -> httpx2.Response:
        async with asyncio.timeout(5):
            return await self.client.request(method, f"/api/v1{path}", json=body)

    async def receive(self) -> Any:
        async with asyncio.timeout(5):
            return json.loads(await self.socket.recv())

    async def tell(self, action: str, payload: dict[str, Any]) -> Any:
        """The node's answer."""
        await self.socket.send(json.dumps([2, action + str(payload.get("seqNo", "")), action, payload]))
        return (await self.receive())[2]

    async def answered(self, asking: Any, payload: dict[str, Any]) -> tuple[Any, httpx2.Response]:
        """What the station heard, and what the API said after its answer."""
        task = asyncio.create_task(asking)
        heard = await self.receive()
        await self.socket.send(json.dumps([3, heard[1], payload]))
        return heard[2:], await task

    async def event(self, kind: str, seq: int, trigger: str, reference: str, **more: Any) -> Any:
        told = {
            "eventType": kind,
            "timestamp": NOW,
            "triggerReason": trigger,
            "seqNo": seq,
            "transactionInfo": {"transactionId": "T-1"},
            "evse": {"id": 1, "connectorId": 1},
            "idToken": {"idToken": reference, "type": "DirectPayment"},
            **more,
        }
        return await self.tell("TransactionEvent", told)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    node = await app.start(in_memory(data=tmp_path, receipt_url="https://receipts.example/{receipt}"))
    headers = {"authorization": f"Bearer {node.admin_key}"}
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{node.http_port}", headers=headers) as client:
        await client.post("/api/v1/stations", json={"identity": "CP1", "password": PASSWORD})
        secret = base64.b64encode(f"CP1:{PASSWORD}".encode()).decode()
        url = f"ws://127.0.0.1:{node.ocpp_port}/CP1"
        headers = {"Authorization": f"Basic {secret}"}
        async with connect(url, subprotocols=["ocpp2.1"], additional_headers=headers) as socket:  # type: ignore[list-item]
            place = Place(node, client, socket)
            boot = {"reason": "PowerUp", "chargingStation": {"vendorName": "ACME", "model": "One"}}
            await place.tell("BootNotification", boot)
            yield place
    async with asyncio.timeout(5):
        await node.stop()


KIOSK = {"station": "CP1", "evse": 1, "amount": "20.00", "currency": "EUR", "max_energy": 11000}


@requirement("C24-1", "C24-2")
async def test_a_kiosks_payment_goes_over_the_wire_and_back(place: Place) -> None:
    (action, asked), answer = await place.answered(place.call("POST", "/payments", KIOSK), {"status": "Accepted"})
    made = answer.json()
    assert (answer.status_code, made["state"], made["authorized"]) == (201, "Authorized", "20.00")
    assert action == "RequestStartTransaction"
    assert asked["idToken"] == {"idToken": made["psp_ref"], "type": "DirectPayment"}
    assert asked["evseId"] == 1
    started = await place.event("Started", 0, "RemoteStart", made["psp_ref"])
    assert started["idTokenInfo"]["status"] == "Accepted"
    assert started["transactionLimit"] == {"maxCost": 20.0, "maxEnergy": 11000.0}
    ended = await place.event("Ended", 1, "StopAuthorized", made["psp_ref"])
    assert ended["totalCost"] == 0, "nothing was charged"
    await place.node.csms.settlements.settled()
    over = (await place.call("GET", f"/payments/{made['id']}")).json()
    assert (over["state"], over["captured"], over["transaction"] is None) == ("Canceled", "0", False)
    assert (await place.call("GET", "/payments?station=cp1&state=Canceled")).json()["items"] == [over]
    refused = await place.call("POST", f"/payments/{made['id']}/cancel")
    assert (refused.status_code, refused.json()["code"]) == (409, "payment_over")


@requirement("C18-7")
async def test_a_vat_number_and_a_settlement_are_answered_on_the_wire(place: Place) -> None:
    asked = {"vatNumber": "DE1", "evseId": 3}
    said = await place.tell("VatNumberValidation", asked)
    assert said == {**asked, "status": "Rejected", "statusInfo": {"reasonCode": "NotChecked"}}
    settled = {"pspRef": "r-9", "status": "Settled", "settlementAmount": 7.31, "settlementTime": NOW}
    receipt = await place.tell("NotifySettlement", settled)
    (kept,) = (await place.call("GET", "/payments")).json()["items"]
    assert (kept["state"], kept["captured"], kept["settled_by"]) == ("Settled", "7.31", "station")
    assert receipt == {"receiptUrl": f"https://receipts.example/{kept['id']}", "receiptId": kept["id"]}


@requirement("C25-5", "C25-9")
async def test_a_qr_code_is_checked_and_its_secret_is_in_no_log(place: Place) -> None:
    ask = place.call("PUT", "/stations/CP1/payment-code", {"url_template": "https://p.example/{evse}?t={totp}"})
    task = asyncio.create_task(ask)
    heard = await place.receive()
    lines = heard[3]["setVariableData"]
    results = [
        {"attributeStatus": "Accepted", "component": one["component"], "variable": one["variable"]} for one in lines
    ]
    await place.socket.send(json.dumps([3, heard[1], {"setVariableResult": results}]))
    answer = (await task).json()
    assert answer == {"results": {one["variable"]["name"]: "Accepted" for one in lines}}
    secret = next(one["attributeValue"] for one in lines if one["variable"]["name"] == "SharedSecret")
    told = code(secret, place.node.csms.context.clock.now(), validity=60, length=8)
    page = {"evse": 1, "code": told, "seconds": 90}
    (action, asked), answer = await place.answered(place.call("POST", "/stations/CP1/payment-page", page), {})
    assert (action, asked, answer.status_code) == ("NotifyWebPaymentStarted", {"evseId": 1, "timeout": 90}, 204)
    wrong = await place.call("POST", "/payments", {**KIOSK, "kind": "Web", "code": "wrong"})
    assert (wrong.status_code, wrong.json()["code"]) == (403, "bad_code")
    (_, asked), answer = await place.answered(
        place.call("POST", "/payments", {**KIOSK, "kind": "Web", "code": told}), {"status": "Accepted"}
    )
    assert answer.json()["kind"] == "Web"
    await place.node.csms.context.store.flush()
    logged = (await place.call("GET", "/messages?station=CP1")).text
    assert "SharedSecret" in logged
    assert secret not in logged


@pytest.mark.parametrize("amount", ["0", "0.00", "-1", "1e3", "NaN", "ten"])
async def test_an_amount_is_a_decimal_above_nothing(place: Place, amount: str) -> None:
    answer = await place.call("POST", "/payments", {**KIOSK, "amount": amount})
    assert (answer.status_code, answer.json()["field"]) == (400, "amount")
