"""`amperanto stations variables` against a running node and a running station."""

import pytest
from tests.unit.cli.programs import Program, run, sentence
from tests.unit.cli.test_serve import Served, served  # noqa: F401 - a fixture

TIMEOUT = "TxCtrlr.EVConnectionTimeOut"


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_variables_wait_are_reported_and_set(served: Served, version: str) -> None:  # noqa: F811
    identity = f"VAR-{version}"
    where = ("--data", str(served.data), "--url", served.url)
    served.run("stations", "add", identity, "--security-profile", "0")
    (waits,) = served.run("stations", "variables", identity, "--set", "OCPPCommCtrlr.ResetRetries=2")
    assert waits["status"] == "Waiting"
    assert "--report" in run("stations", "variables", identity, *where).stdout
    assert "not connected" in served.refused("stations", "variables", identity, "--report")
    with Program("station", f"{served.ocpp}/{identity}", "--version", version) as station:
        station.until("Available")
        shown = run("stations", "variables", identity, "--report", "--contains", TIMEOUT, *where)
        assert (shown.exit_code, "60" in shown.stdout, TIMEOUT in shown.stdout) == (0, True, True)
        (done,) = served.run("stations", "variables", identity, "--set", f"{TIMEOUT}=90")
        assert (done["status"], done["confirmed"], done["read"]) == ("Accepted", True, "90")
        (known,) = served.run("stations", "variables", identity, "--contains", TIMEOUT)
        assert (known["value"], known["source"], known["by"]) == ("90", "set", "administrator")
        refused = run("stations", "variables", identity, "--set", f"{TIMEOUT}=soon", *where)
        assert refused.exit_code == 1
        assert "Rejected" in refused.stdout
        assert "1 of 1 values were not set" in refused.stderr
        assert station.end() == 0


def test_what_sets_nothing_is_told() -> None:
    assert "TxCtrlr" in run("stations", "variables", "CP", "--set", "nonsense").stderr


def test_a_variable_that_is_none_is_told(served: Served) -> None:  # noqa: F811
    served.run("stations", "add", "VAR-0", "--security-profile", "0")
    told = sentence(
        run("stations", "variables", "VAR-0", "--set", "A=1", "--data", str(served.data), "--url", served.url)
    )
    assert "names no variable" in told
