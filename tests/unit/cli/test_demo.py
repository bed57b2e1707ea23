"""The demo, to its end: three versions, three charges, to the watt-hour."""

import json
import socket
import subprocess

from tests.unit.cli.programs import AMPERANTO, SECONDS, environment


def demo(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(AMPERANTO), "demo", "--once", "--speed", "3000", *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=2 * SECONDS,
        env=environment(),
    )


def test_one_car_charges_at_a_station_of_each_version_and_the_node_tells_it() -> None:
    run = demo("--json")
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    charges = {one["version"]: one for one in told if not one["held"]}
    assert set(charges) == {"1.6", "2.0.1", "2.1"}
    for charge in charges.values():
        assert charge["energy_wh"] == 20_000
        assert charge["meter_stop_wh"] - charge["meter_start_wh"] == charge["energy_wh"]
        assert charge["started_at"] < charge["ended_at"]
        assert charge["cost"] == {"gross": 10.89, "net": 9.0, "tax": 1.89, "currency": "EUR"}
    (doubtful,) = (one for one in told if one["held"])
    assert (doubtful["version"], doubtful["energy_wh"], doubtful["cost"]) == ("2.1", 910_083, None)
    assert "TooMuchEnergy" in doubtful["findings"]
    assert "Charging" in run.stderr


def test_where_the_usual_ports_are_taken_it_takes_others_and_says_so() -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 9000))
            taken.listen()
        except OSError:
            pass  # somebody else has it: as good
        run = demo()
    assert run.returncode == 0, run.stderr
    assert "Port 9000 is taken" in run.stdout
    assert "charges billed: 3, 60.000 kWh, 32.67 EUR, 1 held (0.45 a kWh + 21 % VAT)" in run.stdout
