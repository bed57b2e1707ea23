"""A whole charge with the OCPP library most people use (`ocpp` from PyPI), in each of its versions."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import websockets
from ocpp.routing import on
from ocpp.v16 import ChargePoint as ChargePoint16
from ocpp.v16 import call as call16
from ocpp.v16 import call_result as result16
from ocpp.v21 import ChargePoint as ChargePoint21
from ocpp.v21 import call as call21
from ocpp.v21 import call_result as result21
from ocpp.v201 import ChargePoint as ChargePoint201
from ocpp.v201 import call as call201
from ocpp.v201 import call_result as result201

from tests.support.node import PASSWORD, House, house

T0 = datetime(2026, 5, 1, 12, tzinfo=UTC)


def stamp(minutes: int) -> str:
    return (T0 + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


class Station16(ChargePoint16):
    """A 1.6 station as somebody else would write it."""

    heard: list[str]

    @on("RemoteStartTransaction")
    def remote_start(self, id_tag: str, **_: Any) -> Any:
        self.heard.append(id_tag)
        return result16.RemoteStartTransaction(status="Accepted")

    @on("GetConfiguration")
    def get_configuration(self, **_: Any) -> Any:
        keys = [{"key": "HeartbeatInterval", "readonly": False, "value": "300"}]
        return result16.GetConfiguration(configuration_key=keys, unknown_key=[])

    @on("ChangeConfiguration")
    def change_configuration(self, key: str, value: str) -> Any:
        self.heard.append(f"{key}={value}")
        return result16.ChangeConfiguration(status="Accepted")

    async def charge(self) -> None:
        boot = await self.call(call16.BootNotification(charge_point_vendor="Peer", charge_point_model="P16"))
        assert boot.status == "Accepted"
        await self.call(call16.Heartbeat())
        await self.call(call16.StatusNotification(connector_id=1, error_code="NoError", status="Preparing"))
        assert (await self.call(call16.Authorize(id_tag="CAFE"))).id_tag_info["status"] == "Accepted"
        start = await self.call(
            call16.StartTransaction(connector_id=1, id_tag="CAFE", meter_start=1000, timestamp=stamp(0))
        )
        sampled = [{"value": "1500", "measurand": "Energy.Active.Import.Register", "unit": "Wh"}]
        await self.call(
            call16.MeterValues(
                connector_id=1,
                transaction_id=start.transaction_id,
                meter_value=[{"timestamp": stamp(10), "sampledValue": sampled}],
            )
        )
        stop = call16.StopTransaction(
            transaction_id=start.transaction_id, meter_stop=8345, timestamp=stamp(60), reason="Local", id_tag="CAFE"
        )
        assert (await self.call(stop)).id_tag_info["status"] == "Accepted"


class Charge2:
    """A 2.x charge, in the words both 2.x modules of the library share."""

    words: Any

    async def charge(self) -> None:
        call, station = self.words, self
        boot = await station.call(  # type: ignore[attr-defined]
            call.BootNotification(charging_station={"model": "P2", "vendor_name": "Peer"}, reason="PowerUp")
        )
        assert boot.status == "Accepted"
        await station.call(call.Heartbeat())  # type: ignore[attr-defined]
        await station.call(  # type: ignore[attr-defined]
            call.StatusNotification(timestamp=stamp(0), connector_status="Occupied", evse_id=1, connector_id=1)
        )
        token = {"id_token": "CAFE", "type": "ISO14443"}
        assert (await station.call(call.Authorize(id_token=token))).id_token_info["status"] == "Accepted"  # type: ignore[attr-defined]
        for sequence, (kind, trigger, minutes, register) in enumerate(
            [
                ("Started", "Authorized", 0, 1000),
                ("Updated", "MeterValuePeriodic", 10, 1500),
                ("Ended", "StopAuthorized", 60, 8345),
            ]
        ):
            sampled = [{"value": register, "measurand": "Energy.Active.Import.Register"}]
            info: dict[str, Any] = {"transaction_id": "tx-1", "charging_state": "Charging"}
            if kind == "Ended":
                info["stopped_reason"] = "Local"
            answer = await station.call(  # type: ignore[attr-defined]
                call.TransactionEvent(
                    event_type=kind,
                    timestamp=stamp(minutes),
                    trigger_reason=trigger,
                    seq_no=sequence,
                    transaction_info=info,
                    evse={"id": 1, "connector_id": 1} if kind == "Started" else None,
                    id_token=token if kind != "Updated" else None,
                    meter_value=[{"timestamp": stamp(minutes), "sampled_value": sampled}],
                )
            )
            if kind != "Updated":
                assert answer.id_token_info["status"] == "Accepted"


class Station201(Charge2, ChargePoint201):
    words = call201
    heard: list[str]

    @on("RequestStartTransaction")
    def remote_start(self, id_token: Any, **_: Any) -> Any:
        self.heard.append(id_token["id_token"])
        return result201.RequestStartTransaction(status="Accepted")


class Station21(Charge2, ChargePoint21):
    words = call21
    heard: list[str]

    @on("RequestStartTransaction")
    def remote_start(self, id_token: Any, **_: Any) -> Any:
        self.heard.append(id_token["id_token"])
        return result21.RequestStartTransaction(status="Accepted")


STATIONS = {"1.6": Station16, "2.0.1": Station201, "2.1": Station21}


async def connected(home: House, version: str) -> tuple[Any, Any]:
    credential = base64.b64encode(f"peer-{version}:{PASSWORD}".encode()).decode()
    socket = await websockets.connect(
        home.url(f"peer-{version}"),
        subprotocols=[f"ocpp{version}"],
        additional_headers={"Authorization": f"Basic {credential}"},
    )
    station = STATIONS[version](f"peer-{version}", socket)
    station.heard = []
    return socket, station


@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
async def test_a_whole_charge_is_recorded_to_the_watt_hour(tmp_path: Path, version: str):
    async with asyncio.timeout(20), house(tmp_path) as home:
        identity = f"peer-{version}"
        await home.station(identity)
        await home.token("CAFE")
        socket, station = await connected(home, version)
        listening = asyncio.create_task(station.start())
        try:
            await station.charge()
            (transaction,) = await home.transactions(identity)
            assert transaction["energy_wh"] == 7345
            assert transaction["state"] == "Ended"
            answer = await home.post(
                f"/stations/{identity}/ocpp/RequestStartTransaction",
                {"idToken": {"idToken": "CAFE", "type": "ISO14443"}, "remoteStartId": 7, "evseId": 1},
            )
            assert answer["status"] == "Accepted"
            assert station.heard == ["CAFE"]
        finally:
            await socket.close()
            listening.cancel()


async def test_a_1_6_station_is_configured_in_the_words_of_2_1(tmp_path: Path):
    async with asyncio.timeout(20), house(tmp_path) as home:
        await home.station("peer-1.6")
        socket, station = await connected(home, "1.6")
        listening = asyncio.create_task(station.start())
        try:
            await station.call(call16.BootNotification(charge_point_vendor="Peer", charge_point_model="P16"))
            variable = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}
            got = await home.post("/stations/peer-1.6/ocpp/GetVariables", {"getVariableData": [variable]})
            assert got["getVariableResult"][0]["attributeValue"] == "300"
            body = {"setVariableData": [{**variable, "attributeValue": "60"}]}
            put = await home.post("/stations/peer-1.6/ocpp/SetVariables", body)
            assert put["setVariableResult"][0]["attributeStatus"] == "Accepted"
            assert station.heard == ["HeartbeatInterval=60"]
        finally:
            await socket.close()
            listening.cancel()
