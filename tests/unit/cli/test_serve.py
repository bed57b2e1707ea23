"""A node, stations and an operator, all by the command line, as programs of their own."""

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest
from tests.unit.cli.programs import Program, run, sentence

PASSWORD = "a-password-of-24-letters"
CHARGE = ("--charge", "1kWh", "--speed", "3000", "--token")


class Served(NamedTuple):
    """A running node, and how to get at it."""

    program: Program
    data: Path
    ocpp: str
    url: str
    key: str

    def run(self, *words: str) -> Any:
        """A client command that must succeed; its JSON."""
        result = run(*words, "--data", str(self.data), "--url", self.url, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def refused(self, *words: str) -> str:
        """What a client command says that must fail."""
        return sentence(run(*words, "--data", str(self.data), "--url", self.url))

    def transactions(self, station: str) -> list[dict[str, Any]]:
        """What the node kept."""
        answer = httpx2.get(
            f"{self.url}/api/v1/transactions",
            params={"station": station},
            headers={"Authorization": f"Bearer {self.key}"},
        )
        return answer.json()["items"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    data = tmp_path_factory.mktemp("node") / "data"
    ports = ("--ocpp-port", "0", "--ocpp-host", "127.0.0.1", "--http-port", "0")
    with Program("serve", "--data", str(data), *ports) as program:
        ocpp = re.search(r"ws://\S+:\d+", program.until("  stations "))
        http = re.search(r"http://\S+:\d+", program.until("  programs "))
        key = program.until("administrator's key").split()[-1]
        program.until("Ctrl-C")
        assert ocpp
        assert http
        yield Served(program, data, ocpp[0], http[0], key)
        assert program.end() == 0


def test_the_first_start_shows_the_key_and_keeps_it_for_its_owner_alone(served: Served) -> None:
    path = served.data / "admin.key"
    assert path.read_text() == served.key
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
def test_a_car_charges_to_the_watt_hour(served: Served, version: str) -> None:
    identity, token = f"CP-{version}", f"04AABB{version}"
    served.run("stations", "add", identity, "--password", PASSWORD)
    served.run("tokens", "add", token)
    with Program(
        "station", f"{served.ocpp}/{identity}", "--version", version, "--password", PASSWORD,
        "--token", token, "--charge", "5kWh", "--speed", "3000",
    ) as station:  # fmt: skip
        station.until(f"OCPP {version}")
        station.until("Charging")
        station.until("Charged 5.000 kWh")
        assert station.ended() == 0
    (kept,) = served.transactions(identity)
    assert kept["energy_wh"] == 5000
    assert kept["state"] == "Ended"
    assert kept["started_at"] < kept["ended_at"]


def test_a_connected_station_is_watched_and_commanded(served: Served) -> None:
    identity = "CP/16 ä"
    served.run("stations", "add", identity, "--security-profile", "0")
    where = ("--data", str(served.data), "--url", served.url)
    url = f"{served.ocpp}/CP%2F16%20%C3%A4"
    with Program("tail", identity, "--json", *where) as tail:
        tail.until("its frames follow")
        with Program("station", url, "--version", "1.6") as station:
            station.until("Available")
            watched_and_commanded(served, tail, identity)
            assert station.end() == 0
        assert tail.end(signal.SIGINT) == 0


def watched_and_commanded(served: Served, tail: Program, identity: str) -> None:
    where = ("--data", str(served.data), "--url", served.url)
    boot = json.loads(tail.until("BootNotification"))
    assert (boot["direction"], boot["kind"], boot["action"]) == ("in", "asks", "BootNotification")
    answer = json.loads(tail.until('"kind":"answers"'))
    assert (answer["direction"], answer["action"], answer["payload"]["status"]) == (
        "out",
        "BootNotification",
        "Accepted",
    )

    assert (
        served.run("send", identity, "ChangeAvailability", '{"operationalStatus": "Operative"}')["status"] == "Accepted"
    )
    assert json.loads(tail.until("ChangeAvailability"))["payload"] == {"connectorId": 0, "type": "Operative"}
    assert "configurationKey" in served.run("send", identity, "GetConfiguration", "{}", "--raw")
    assert "--raw" in served.refused("send", identity, "SetDisplayMessage", DISPLAY)
    assert "GetConfig" in served.refused("send", identity, "GetConfig")
    assert "type" in served.refused("send", identity, "Reset")
    stop = run("send", identity, "RequestStopTransaction", '{"transactionId": "1"}', *where)
    assert stop.exit_code == 1
    assert json.loads(stop.stdout) == {"status": "Rejected"}
    assert "answered Rejected" in stop.stderr

    shown = {one["identity"]: one for one in served.run("stations", "list")}
    assert shown[identity]["online"] is True
    assert shown[identity]["ocpp_version"] == "1.6"


DISPLAY = json.dumps(
    {"message": {"id": 1, "priority": "NormalCycle", "message": {"format": "UTF8", "content": "hello"}}}
)


def test_a_station_that_is_not_connected_cannot_be_commanded(served: Served) -> None:
    served.run("stations", "add", "AWAY")
    assert "stations list" in served.refused("send", "AWAY", "Reset", '{"type": "OnIdle"}')


@pytest.mark.parametrize(
    "words",
    [["send", "NOBODY", "Reset", '{"type": "OnIdle"}'], ["tail", "NOBODY"], ["stations", "remove", "NOBODY"]],
    ids=lambda words: words[0],
)
def test_an_unknown_station_is_told_with_where_to_look(served: Served, words: list[str]) -> None:
    said = served.refused(*words)
    assert "NOBODY" in said
    assert "stations list" in said


def test_a_wrong_key_is_told(served: Served) -> None:
    said = sentence(run("stations", "list", "--url", served.url, "--key", "amp_wrong"))
    assert "--key" in said


def test_what_exists_is_not_added_twice(served: Served) -> None:
    served.run("stations", "add", "TWICE")
    assert "registered already" in served.refused("stations", "add", "twice")
    served.run("tokens", "add", "TWICE")
    assert "list" in served.refused("tokens", "add", "TWICE")


def test_a_password_that_nobody_gave_is_made_and_shown_once(served: Served) -> None:
    made = served.run("stations", "add", "NEW")
    assert len(made["password"]) >= 16
    assert "password" not in {name for one in served.run("stations", "list") for name in one}
    assert served.run("stations", "remove", "NEW") == {"identity": "NEW", "removed": True}
    assert "NEW" not in {one["identity"] for one in served.run("stations", "list")}


def test_a_station_nobody_knows_is_turned_away_then_accepted_from_the_inbox(served: Served) -> None:
    url = f"{served.ocpp}/STRANGER"
    words = ("--password", PASSWORD, "--version", "2.0.1", *CHARGE, "STRANGERS")
    with Program("station", url, *words) as station:
        assert "give the password the CSMS has" in station.until("401")
        assert station.ended() == 1
    shown = run("stations", "list", "--data", str(served.data), "--url", served.url).stdout
    assert "STRANGER" in shown
    served.run("stations", "accept", "STRANGER", "--password", PASSWORD)
    with Program("station", url, *words) as station:
        assert "STRANGERS" in station.until("Nothing was charged")  # its token is unknown still
        assert station.ended() == 1
    served.run("tokens", "add", "STRANGERS2")
    with Program("station", url, *words[:-1], "STRANGERS2") as station:
        station.until("Charged 1.000 kWh")
        assert station.ended() == 0


def test_a_rejected_station_says_so(served: Served) -> None:
    served.run("stations", "add", "REJECTED", "--password", PASSWORD, "--registration", "Rejected")
    with Program("station", f"{served.ocpp}/REJECTED", "--password", PASSWORD, "--charge", "1kWh") as station:
        assert "rejects" in station.until("amperanto:")
        assert station.ended() == 1


def test_tokens_are_listed_with_what_they_may(served: Served) -> None:
    given = "--type Central --status Blocked --group vans --concurrent-limit 3 --expires-at 2030-12-31T23:59:59Z"
    served.run("tokens", "add", "FLEET", *given.split())
    (token,) = (one for one in served.run("tokens", "list") if one["uid"] == "FLEET")
    assert (token["type"], token["status"], token["group"], token["concurrent_limit"]) == (
        "Central",
        "Blocked",
        "vans",
        3,
    )
    shown = run("tokens", "list", "--data", str(served.data), "--url", served.url).stdout
    assert re.search(r"FLEET +Central +Blocked +vans", shown)


@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
def test_a_station_is_brought_the_tokens_it_shall_know_by_itself(served: Served, version: str) -> None:
    """D01, D02: wanted while it is offline, sent when it connects, and sent again when asked for."""
    identity = f"LISTED-{version}"
    served.run("stations", "add", identity, "--security-profile", "0")
    assert served.run("stations", "local-list", identity)["wanted"] is None
    waits = served.run("stations", "local-list", identity, "--sync")
    assert (waits["wanted"], waits["result"], waits["waiting"]) == ("Tokens", "Offline", True)
    with Program("station", f"{served.ocpp}/{identity}", "--version", version) as station:
        station.until("Available")
        served.run("tokens", "add", f"LISTED-{version}")
        told = served.run("stations", "local-list", identity, "--sync")
        assert (told["result"], told["in_step"]) == ("Accepted", True)
        asked = served.run("send", identity, "GetLocalListVersion")
        assert asked["versionNumber"] == told["version"] > 0
        off = {"component": {"name": "LocalAuthListCtrlr"}, "variable": {"name": "Enabled"}, "attributeValue": "false"}
        served.run("send", identity, "SetVariables", json.dumps({"setVariableData": [off]}))
        served.run("tokens", "add", f"MORE-{version}")
        where = ("--data", str(served.data), "--url", served.url)
        refused = run("stations", "local-list", identity, "--sync", *where)
        assert refused.exit_code == 1
        assert "did not take its list" in refused.stderr
        assert station.end() == 0
    shown = run("stations", "local-list", identity, "--data", str(served.data), "--url", served.url).stdout
    assert re.search(r"Tokens +send it with --sync +\d+", shown)


@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
def test_a_place_is_kept_listed_and_given_up(served: Served, version: str) -> None:
    identity = f"RESERVED-{version}"
    served.run("stations", "add", identity, "--security-profile", "0")
    assert "stations list" in served.refused("reservations", "add", identity, "CARD")
    with Program("station", f"{served.ocpp}/{identity}", "--version", version) as station:
        station.until("Available")
        made = served.run("reservations", "add", identity, "CARD", "--evse", "1", "--minutes", "10", "--group", "vans")
        assert (made["state"], made["evse"], made["token"], made["group"]) == ("Active", 1, "CARD", "vans")
        assert "Occupied" in run_refused(served, "reservations", "add", identity, "OTHER", "--evse", "1")
        assert [one["state"] for one in served.run("reservations", "list", "--station", identity)] == [
            "Refused",
            "Active",
        ]
        assert served.run("reservations", "cancel", made["id"])["state"] == "Cancelled"
        assert "reservations list" in served.refused("reservations", "cancel", made["id"])
        assert station.end() == 0
    shown = run("reservations", "list", "--data", str(served.data), "--url", served.url).stdout
    assert re.search(rf"{made['id']} +{identity} +1 +CARD +Cancelled", shown)


def run_refused(served: Served, *words: str) -> str:
    """What a station's no is told as, which is printed all the same."""
    result = run(*words, "--data", str(served.data), "--url", served.url, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["state"] == "Refused"
    return result.stderr


def test_a_taken_port_is_told_with_the_flag_that_names_another(served: Served, tmp_path: Path) -> None:
    port = served.url.rpartition(":")[2]
    with Program("serve", "--data", str(tmp_path), "--ocpp-port", "0", "--http-port", port) as second:
        assert "--http-port" in second.until(f"Port {port} is taken")
        assert second.ended() == 1


def test_data_that_another_node_uses_is_told(served: Served) -> None:
    with Program("serve", "--data", str(served.data), "--ocpp-port", "0", "--http-port", "0") as second:
        assert "--data" in second.until("amperanto:")
        assert second.ended() == 1


def test_a_data_directory_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "--data" in sentence(run("serve", "--data", str(tmp_path / "file" / "data")))


def test_a_database_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "amperanto.db").write_bytes(b"This is no database, and long enough to be told from one. " * 100)
    assert "--data" in sentence(run("serve", "--data", str(tmp_path), "--ocpp-port", "0", "--http-port", "0"))


def test_a_setting_that_cannot_be_read_is_told_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "amperanto.toml").write_text("ocpp_port = 'many'\n")
    assert "ocpp_port" in sentence(run("serve", "--data", str(tmp_path)))
    assert not (tmp_path / "amperanto.db").exists()
