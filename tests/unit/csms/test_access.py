"""API keys: told once, kept as hashes; the first one in a file."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from amperanto.csms.access import KEY_FILE, Principal
from amperanto.domain.stations import DEFAULT_ORGANISATION


async def test_the_first_start_leaves_an_administrators_key_only_its_owner_can_read(house: Any, tmp_path: Path):
    key = await house.csms.access.first_key(tmp_path)
    file = tmp_path / KEY_FILE
    assert file.read_text() == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    who = await house.csms.access.authenticate(key)
    assert who.organisation == DEFAULT_ORGANISATION
    assert all(who.may(scope) for scope in ("read", "operate", "admin", "raw"))


async def test_later_starts_make_no_other_key(house: Any, tmp_path: Path):
    key = await house.csms.access.first_key(tmp_path)
    assert await house.csms.access.first_key(tmp_path) is None
    assert (tmp_path / KEY_FILE).read_text() == key


async def test_a_file_that_others_could_read_is_closed_to_them(house: Any, tmp_path: Path):
    (tmp_path / KEY_FILE).write_text("old")
    (tmp_path / KEY_FILE).chmod(0o644)
    await house.csms.access.first_key(tmp_path)
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600


async def test_a_key_that_could_not_be_written_down_is_not_made(house: Any, tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        await house.csms.access.first_key(tmp_path / "missing")
    assert await house.csms.access.first_key(tmp_path) is not None  # else nobody could ever get in


async def test_a_key_may_what_its_scopes_say_and_an_administrator_everything(house: Any):
    access = house.csms.access
    reader = await access.authenticate(await access.create(DEFAULT_ORGANISATION, "r", frozenset({"read"})))
    admin = await access.authenticate(await access.create(DEFAULT_ORGANISATION, "a", frozenset({"admin"})))
    assert (reader.may("read"), reader.may("operate"), reader.may("raw")) == (True, False, False)
    assert admin.may("operate")


async def test_unknown_keys_and_scopes_open_nothing(house: Any):
    assert await house.csms.access.authenticate("amp_guess") is None
    assert await house.csms.access.authenticate("") is None
    with pytest.raises(ValueError, match="there is no scope fly"):
        await house.csms.access.create(DEFAULT_ORGANISATION, "x", frozenset({"fly"}))


def test_an_administrator_may_do_everything_but_send_raw_words():
    who = Principal(organisation=DEFAULT_ORGANISATION, name="a", scopes=frozenset({"admin"}))
    assert who.allowed == {"admin", "operate", "read"}
    assert not who.may("raw")
