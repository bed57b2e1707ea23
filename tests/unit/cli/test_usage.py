"""Wrong usage and unreachable nodes: one sentence on stderr, the right exit code, nothing on stdout."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.cli.programs import run, sentence

from amperanto.cli import COMMANDS, load

HERE = "http://127.0.0.1:9"  # the discard port: nobody listens there


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("AMPERANTO_KEY", "AMPERANTO_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.fixture
def stranger() -> Iterator[str]:
    """A web server that is no node."""
    server = http.server.HTTPServer(("127.0.0.1", 0), _Stranger)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


class _Stranger(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(404 if "stations" in self.path else 200)
        self.end_headers()
        self.wfile.write(b"<html>hello</html>")

    def log_message(self, *args: object) -> None:
        pass


def test_the_list_of_commands_says_what_each_command_says_of_itself() -> None:
    shown = run("--help").stdout
    for name, place in COMMANDS.items():
        assert name in shown
        assert (load(name).help or "").partition("\n")[0] == place.help


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    result = run(name, "--help")
    assert result.exit_code == 0
    assert "Usage: amperanto " in result.stdout


@pytest.mark.parametrize(
    "words",
    [
        ["foo"],
        ["--foo"],
        ["stations", "foo"],
        ["stations", "add"],
        ["stations", "add", "CP1", "--security-profile", "9"],
        ["tokens", "add", "T", "--type", "Card"],
        ["tokens", "add", "T", "--expires-at", "tomorrow"],
        ["tokens", "add", "T", "--expires-at", "2030-01-01T00:00:00"],
        ["reservations", "add", "CP1"],
        ["reservations", "add", "CP1", "T", "--evse", "0"],
        ["reservations", "add", "CP1", "T", "--until", "tomorrow"],
        ["reservations", "add", "CP1", "T", "--until", "2030-01-01T00:00:00"],
        ["reservations", "add", "CP1", "T", "--until", "2030-01-01T00:00:00Z", "--minutes", "5"],
        ["reservations", "list", "--state", "Gone"],
        ["reservations", "cancel"],
        ["send", "CP1"],
        ["send", "CP1", "Reset", "{"],
        ["send", "CP1", "Reset", "[]"],
        ["send", "CP1", "Reset", "{}", "--timeout", "0"],
        ["stations", "list", "--url", "localhost:8080", "--key", "k"],
        ["serve", "--http-port", "99999"],
        ["demo", "--speed", "0"],
        ["station", "ws://localhost:9/CP1", "--version", "1.5"],
        ["station", "ws://localhost:9/CP1", "--charge", "lots"],
        ["station", "ws://localhost:9/CP1", "--charge", "0kWh"],
        ["station", "http://localhost:9/CP1", "--version", "1.6"],
        ["station", "ws://localhost:9/", "--version", "1.6"],
    ],
    ids=" ".join,
)
@pytest.mark.usefixtures("data")
def test_wrong_usage_is_one_sentence_that_names_the_help(words: list[str]) -> None:
    assert "--help" in sentence(run(*words), 2)


def test_bad_json_is_told_with_an_example() -> None:
    assert '{"type": "OnIdle"}' in sentence(run("send", "CP1", "Reset", "{type: OnIdle}"), 2)


def test_without_a_key_the_next_step_is_named(data: Path) -> None:
    said = sentence(run("stations", "list", "--data", str(data)), 1)
    assert str(data / "admin.key") in said
    assert "--key" in said


def test_a_key_file_that_cannot_be_read_is_told_by_its_path(data: Path) -> None:
    (data / "admin.key").mkdir()
    assert str(data / "admin.key") in sentence(run("tokens", "list", "--data", str(data)), 1)


def test_a_key_file_with_something_else_in_it_is_told_by_its_path(data: Path) -> None:
    (data / "admin.key").write_text("a\nb")
    assert str(data / "admin.key") in sentence(run("tokens", "list", "--data", str(data)), 1)


@pytest.mark.usefixtures("data")
def test_a_key_that_no_header_can_carry_is_refused() -> None:
    assert "key" in sentence(run("tokens", "list", "--url", HERE, "--key", "ä\n"), 1)


@pytest.mark.parametrize(
    "words",
    [
        ["stations", "list"],
        ["tokens", "list"],
        ["tail", "CP1"],
        ["send", "CP1", "Reset"],
        ["stations", "remove", "CP1"],
    ],
)
@pytest.mark.usefixtures("data")
def test_where_no_node_runs_the_sentence_says_how_to_start_one(words: list[str]) -> None:
    said = sentence(run(*words, "--url", HERE, "--key", "k"), 1)
    assert HERE in said
    assert "amperanto serve" in said


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize("words", [["stations", "list"], ["tokens", "list"], ["tail", "CP1"]])
def test_a_server_that_is_no_node_is_told_from_one(words: list[str], stranger: str) -> None:
    assert "--url" in sentence(run(*words, "--url", stranger, "--key", "k"), 1)


def test_the_ports_come_from_the_data_directory(data: Path) -> None:
    (data / "amperanto.toml").write_text("http_port = 9\n")
    (data / "admin.key").write_text("k\n")
    assert "http://127.0.0.1:9;" in sentence(run("stations", "list", "--data", str(data)), 1)


def test_a_setting_that_cannot_be_read_is_told(data: Path) -> None:
    (data / "amperanto.toml").write_text("http_prot = 9\n")
    assert "http_prot" in sentence(run("stations", "list", "--data", str(data)), 1)
