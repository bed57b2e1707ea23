"""The quirks that come with us: whose they are, in the words those stations themselves used."""

from pathlib import Path

import pytest

from amperanto.dialects.errors import QuirkConflict
from amperanto.dialects.quirks.built_in import BUILT_IN, known_quirks
from amperanto.domain.behaviour import ORDINARY, RateUnit
from amperanto.domain.stations import Hardware

# Vendor, model and firmware as these stations write them.
SEEN = [
    ("abb-terra-ac", "ABB", "CDT_TACW11::NET_WIFI", "TAC3Z9119006710273::V1.8.21"),
    ("alfen-eve", "Alfen BV", "NG910-60023", "6.5.0-4217"),
    ("growatt-thor", "Growatt", "THOR_11AS", "THOR_11AS-V5.2.4-20230307-NOVO"),
    ("huawei-fusioncharge", "", "ACChargePoint", None),
    ("schneider-evlink", "Schneider Electric", "MONOBLOCK", None),
    ("wallbox-5", "Wall Box Chargers", "PLP1", "5.17.66"),
    ("wallbox-6", "Wall Box Chargers", "PLP1", "6.7.38"),
]


@pytest.mark.parametrize(("name", "vendor", "model", "firmware"), SEEN, ids=[row[0] for row in SEEN])
def test_a_station_is_known_by_what_it_says_of_itself(name: str, vendor: str, model: str, firmware: str | None) -> None:
    found = known_quirks().of(Hardware(vendor=vendor, model=model, firmware_version=firmware))
    assert found is not None
    assert found.name == name


def test_other_stations_of_the_same_name_are_left_alone() -> None:
    for vendor, model, firmware in [
        ("ABB", "Terra 54", "1.0"),
        ("", "Nameless", None),
        ("Wall Box Chargers", "X", "4.1"),
    ]:
        assert known_quirks().of(Hardware(vendor=vendor, model=model, firmware_version=firmware)) is None


@pytest.mark.parametrize("quirk", BUILT_IN, ids=[quirk.name for quirk in BUILT_IN])
def test_every_quirk_says_where_it_was_seen(quirk) -> None:
    assert quirk.sources
    assert all(source.reference and source.seen for source in quirk.sources)


def test_what_is_different_is_told_and_what_is_not_is_not() -> None:
    found = known_quirks().of(Hardware(vendor="Huawei", model="FusionCharge"))
    assert found is not None
    assert found.behaviour.differences() == {"rate_unit": RateUnit.WATTS}
    assert ORDINARY.differences() == {}


OTHERS = """
from amperanto.dialects.quirks.quirk import Quirk

DUO = Quirk("other-duo", vendor="Nobody Else*")
RIVAL = Quirk("other-abb", vendor="ABB", model="*TAC*")
"""


def installed(where: Path, monkeypatch: pytest.MonkeyPatch, name: str, quirk: str) -> None:
    """A package that brings a quirk, as it stands in site-packages."""
    (where / f"{name}.py").write_text(OTHERS)
    told = where / f"{name}-1.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (told / "entry_points.txt").write_text(f"[amperanto.quirks]\n{quirk.lower()} = {name}:{quirk}\n")
    monkeypatch.syspath_prepend(str(where))


def test_a_quirk_of_another_package_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch, "amperanto_other_quirks", "DUO")
    found = known_quirks().of(Hardware(vendor="Nobody Else AG", model="X"))
    assert found is not None
    assert found.name == "other-duo"


def test_another_packages_quirk_for_stations_that_have_one_is_an_error_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path, monkeypatch, "amperanto_rival_quirks", "RIVAL")
    with pytest.raises(QuirkConflict, match="abb-terra-ac and other-abb"):
        known_quirks()
