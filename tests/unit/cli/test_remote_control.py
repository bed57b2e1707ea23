"""`amperanto start|stop|unlock|reset|trigger` against a running node and a running station."""

import pytest
from tests.unit.cli.programs import Program, run, sentence
from tests.unit.cli.test_serve import Served, served  # noqa: F401 - a fixture


@pytest.mark.parametrize("version", ["1.6", "2.1"])
def test_a_station_is_started_stopped_unlocked_and_asked_with_plain_answers(served: Served, version: str) -> None:  # noqa: F811
    identity = f"FAR-{version}"
    where = ("--data", str(served.data), "--url", served.url)
    served.run("stations", "add", identity, "--security-profile", "0")
    served.run("tokens", "add", f"CAFE{version}", "--type", "Central")
    assert "not connected" in sentence(run("start", identity, f"CAFE{version}", *where))
    assert "Nothing charges" in sentence(run("stop", identity, *where))
    with Program("station", f"{served.ocpp}/{identity}", "--version", version) as station:
        station.until("Available")
        out = run("availability", identity, "--evse", "1", "--inoperative", *where)
        assert (out.exit_code, out.stdout) == (0, f"{identity} is inoperative.\n")
        station.until("Unavailable")
        assert "is operative" in run("availability", identity, "--evse", "1", "--operative", *where).stdout
        station.until("Available")
        said = sentence(run("start", identity, f"CAFE{version}", "--evse", "9", *where))
        assert "refuses" in said
        waiting = run("start", identity, f"CAFE{version}", "--wait", "0", *where)
        assert (waiting.exit_code, "accepted" in waiting.stdout) == (0, True)
        assert "unlocked" in run("unlock", identity, *where).stdout
        assert "no such connector" in sentence(run("unlock", identity, "--evse", "9", *where))
        assert "sends Heartbeat" in run("trigger", identity, "Heartbeat", *where).stdout
        assert "must not be asked" in sentence(run("trigger", identity, "BootNotification", *where))
        assert station.end() == 0


def test_a_station_that_is_away_is_told_when_it_comes(served: Served) -> None:  # noqa: F811
    where = ("--data", str(served.data), "--url", served.url)
    served.run("stations", "add", "AWAY", "--security-profile", "0")
    waits = run("availability", "AWAY", "--inoperative", "--wait", "0", *where)
    assert (waits.exit_code, "will be inoperative once it can" in waits.stdout) == (0, True)
    (wish,) = served.run("stations", "wanted", "AWAY", "--kind", "availability")
    assert (wish["state"], wish["wanted"]["operationalStatus"]) == ("Waiting", "Inoperative")
    assert "Say --operative or --inoperative" in sentence(run("availability", "AWAY", *where), 2)
