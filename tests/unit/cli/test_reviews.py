"""`amperanto reviews` against a running node, and a station whose meter lies."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.unit.cli.programs import run, sentence
from tests.unit.cli.test_serve import Served, served  # noqa: F401 - a fixture
from websockets.sync.client import connect

NOW = datetime.now(UTC)


def lie(served: Served, identity: str) -> None:  # noqa: F811
    """A charge of ten minutes that starts at 0 and ends with the register of a lifetime."""
    with connect(f"{served.ocpp}/{identity}", subprotocols=["ocpp1.6"], open_timeout=10) as line:  # type: ignore[list-item]

        def tell(action: str, **payload: Any) -> Any:
            line.send(json.dumps([2, action, action, payload]))
            return json.loads(line.recv(timeout=10))[2]

        tell("BootNotification", chargePointVendor="Acme", chargePointModel="One")
        start, end = ((NOW - timedelta(minutes=ago)).isoformat() for ago in (12, 2))
        begun = tell("StartTransaction", connectorId=1, idTag="CAFE", meterStart=0, timestamp=start)
        tell("StopTransaction", transactionId=begun["transactionId"], meterStop=910_000, timestamp=end)


def test_a_doubtful_charge_is_listed_shown_and_settled(served: Served, tmp_path: Path) -> None:  # noqa: F811
    where = ("--data", str(served.data), "--url", served.url)
    served.run("stations", "add", "LIAR", "--security-profile", "0")
    lie(served, "LIAR")
    (review,) = served.run("reviews", "list", "--kind", "transaction", "--station", "LIAR")
    assert (review["evidence"]["energy_wh"], review["settled_at"]) == ("910000", None)
    shown = run("reviews", "show", review["id"], *where).stdout
    assert "LifetimeRegister" in shown
    assert "meter_stop_wh 910000" in shown
    (held,) = served.run("transactions", "list", "--station", "LIAR", "--held")
    assert (held["review"], held["record"]) == (review["id"], None)
    assert served.run("transactions", "list", "--station", "LIAR", "--not-held") == []
    told = run("transactions", "show", held["id"], *where).stdout
    assert f"held for review {review['id']}" in told
    assert "LifetimeRegister" in told
    assert "charge record: none yet" in told
    assert "signed readings: None: the meter signed nothing" in told
    file = tmp_path / "held.jsonl"
    wrote = run("transactions", "export", str(file), "--format", "jsonl", "--held", "--station", "LIAR", *where)
    assert wrote.exit_code == 0, wrote.output
    assert [json.loads(line)["id"] for line in file.read_text().splitlines()] == [held["id"]]
    bad = run("reviews", "settle", review["id"], "use", "--energy", "much", "--reason", "x", *where)
    assert "no number of Wh" in sentence(bad, 2)
    done = run("reviews", "settle", review["id"], "use", "--energy", "83.5", "--reason", "its own meter", *where)
    assert (done.exit_code, done.stdout.strip()) == (0, "Settled: use. 83.5 Wh is billed.")
    assert served.run("reviews", "list", "--station", "LIAR") == []
    (settled,) = served.run("reviews", "list", "--station", "LIAR", "--settled")
    assert (settled["resolution"]["after_wh"], settled["settled_by"]) == ("83.5", "administrator")
    assert run("reviews", "settle", review["id"], "void", "--reason", "again", *where).exit_code == 1
