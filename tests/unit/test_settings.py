"""Settings come from flags, environment and file, in this order; what cannot work is refused in one sentence."""

from pathlib import Path

import pytest

from amperanto.settings import SettingsError, default_data, load


def test_a_flag_wins_over_the_environment_and_that_over_the_file(tmp_path: Path):
    (tmp_path / "amperanto.toml").write_text("ocpp_port = 1001\nhttp_port = 1002\nheartbeat_interval = 77\n")
    environment = {"AMPERANTO_OCPP_PORT": "2001", "AMPERANTO_HTTP_PORT": "2002"}
    settings = load({"data": tmp_path, "ocpp_port": 3001, "http_port": None}, environment)
    assert (settings.ocpp_port, settings.http_port, settings.heartbeat_interval) == (3001, 2002, 77)


def test_the_data_directory_is_the_one_the_desktop_names(tmp_path: Path):
    assert default_data({"XDG_DATA_HOME": str(tmp_path)}) == tmp_path / "amperanto"
    assert load({}, {"AMPERANTO_DATA": str(tmp_path)}).database_url == f"sqlite:///{tmp_path / 'amperanto.db'}"


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("ocpp_prt = 1", "ocpp_prt"),
        ("ocpp_port = 'many'", "ocpp_port"),
        ("ocpp_port = 70000", "ocpp_port"),
        ("heartbeat_interval = 0", "heartbeat_interval"),
        ("ping_interval = -1", "ping_interval"),
        ("default_version = '1.5'", "default_version"),
        ("ocpp_port =", "amperanto.toml"),
    ],
)
def test_what_cannot_work_is_refused_by_name(tmp_path: Path, line: str, named: str):
    (tmp_path / "amperanto.toml").write_text(line)
    with pytest.raises(SettingsError, match=named):
        load({"data": tmp_path}, {})
