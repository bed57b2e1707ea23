"""Every setting of a node, in one frozen dataclass.

A setting's value is the command line's flag, else the environment's `AMPERANTO_<NAME>`, else the line
`<name> = …` of `amperanto.toml` in the data directory, else the default here. `load` reads them in that order.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import msgspec

VERSIONS = ("1.6", "2.0.1", "2.1")
MAY_BE_ZERO = frozenset({"ocpp_port", "http_port", "ping_interval", "takeover_ping", "settle_time"})
WORDS = {
    "authorize_unkept": ("hold", "refuse", "accept"),
    "unknown_tokens": ("store", "refuse", "accept"),
    "authorizer_fallback": ("own", "refuse", "accept"),
    "direct_payments": ("accept", "refuse"),
    "vat_unchecked": ("accept", "reject"),
    "qr_code_letters": ("62", "61"),
}


class SettingsError(Exception):
    """A setting that cannot be read; the text says which and what it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How this node runs. Times are seconds, sizes are bytes."""

    data: Path  # the data directory
    database: str = ""  # empty: the SQLite file `amperanto.db` in the data directory
    node: str = "node-1"  # this node's name, where several share a database
    ocpp_host: str = ""  # empty: all interfaces
    ocpp_port: int = 9000  # where stations connect; 0: a free one
    http_host: str = "127.0.0.1"  # where programs connect; empty: all interfaces
    http_port: int = 8080  # 0: a free one
    default_version: str = "1.6"  # for stations that offer no subprotocol
    heartbeat_interval: int = 300  # what a boot is answered, unless the station has its own
    ping_interval: float = 30.0  # a silent socket is pinged, unless the station has its own; 0: no pings
    ping_timeout: float = 10.0  # a socket that has not answered by then is dead
    takeover_ping: float = 2.0  # how long a living socket has to answer before a second one may replace it
    call_timeout: float = 30.0  # how long a station has for an answer
    settle_time: float = 5.0  # how long a station that connected or booted is left alone, before it is sent things
    boot_loop: int = 5  # boots of a station within boot_loop_time after which nothing is sent to it by itself
    boot_loop_time: float = 600.0
    call_queue: int = 32  # requests that may wait for one station
    mailbox: int = 64  # messages of one station that may wait to be handled
    handshake_timeout: float = 10.0  # how long an upgrade may take
    max_message_unaccepted: int = 64 * 1024  # the longest message before a boot is accepted
    max_message: int = 1024 * 1024  # the longest message after that
    closing_grace: float = 300.0  # how long a station may deliver or resume a transaction that seems to be over
    log_days: int = 30  # how long the message log is kept
    outbox_days: int = 30  # how long events are kept
    log_megabytes: int = 2048  # how large the message log may become
    running_cost_interval: int = 60  # how often a charging driver is told what it has cost, at most
    record_settling: int = 86_400  # how long a charge with gaps may be completed before its record is issued
    unknown_tokens: str = "store"  # tokens nobody registered: store (refused and kept), refuse, accept (free vending)
    authorizer_seconds: float = 3.0  # how long an external authorizer has to answer
    authorizer_fallback: str = "own"  # when it does not: own (our registry decides), refuse, accept
    direct_payments: str = "accept"  # money held by a station's own terminal (2.1): accept, refuse
    vat_unchecked: str = "reject"  # a VAT number nobody can check: accept, reject
    receipt_url: str = ""  # where a payment's receipt is, with {receipt} for its id; empty: we give none
    payment_start_within: int = 300  # seconds for a car to come, before what was held for it is released
    qr_code_letters: str = "62"  # letters in the codes of QR addresses: 62, or 61 for stations without the small o, too
    authorize_unkept: str = "hold"  # Authorize while nothing can be kept: hold (the station decides), refuse, accept

    @property
    def database_url(self) -> str:
        """Where the data is, as a URL."""
        return self.database or f"sqlite:///{self.data / 'amperanto.db'}"


def default_data(environment: Mapping[str, str] = os.environ) -> Path:
    """`$XDG_DATA_HOME/amperanto`, or `~/.local/share/amperanto`."""
    home = environment.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(home) / "amperanto"


def load(flags: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings from flags, environment and file, in this order. Raises SettingsError."""
    data = Path(flags.get("data") or environment.get("AMPERANTO_DATA") or default_data(environment))
    merged: dict[str, Any] = {**_file(data / "amperanto.toml"), **_environment(environment)}
    merged.update({name: value for name, value in flags.items() if value is not None})
    merged["data"] = str(data)
    known = {field.name for field in fields(Settings)}
    for name in merged:
        if name not in known:
            raise SettingsError(f"there is no setting {name!r}; the settings are {', '.join(sorted(known))}")
    try:
        settings = msgspec.convert(merged, Settings, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise SettingsError(f"a setting cannot be read: {error}") from error
    _check(settings)
    return settings


def _check(settings: Settings) -> None:
    """Refuse figures that cannot work. Raises SettingsError."""
    if settings.default_version not in VERSIONS:
        raise SettingsError(f"default_version is {settings.default_version!r}; it is one of {', '.join(VERSIONS)}")
    for name, words in WORDS.items():
        if getattr(settings, name) not in words:
            raise SettingsError(f"{name} is {getattr(settings, name)!r}; it is one of {', '.join(words)}")
    for field in fields(Settings):
        figure = getattr(settings, field.name)
        if isinstance(figure, bool) or not isinstance(figure, (int, float)):
            continue
        lowest = 0 if field.name in MAY_BE_ZERO else 1
        highest = 65535 if field.name.endswith("_port") else 10**12
        if not lowest <= figure <= highest:
            raise SettingsError(f"{field.name} is {figure}; it lies between {lowest} and {highest}")


def in_memory(**changes: Any) -> Settings:
    """Settings for tests and examples: a database in memory, free ports."""
    settings = Settings(data=Path(), database="sqlite://", ocpp_host="127.0.0.1", ocpp_port=0, http_port=0)
    return replace(settings, **changes)


def _file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error


def _environment(environment: Mapping[str, str]) -> dict[str, Any]:
    known = {field.name for field in fields(Settings)}
    names = {f"AMPERANTO_{name.upper()}": name for name in known}
    return {names[key]: value for key, value in environment.items() if key in names}


def _path(kind: type, value: Any) -> Any:
    if issubclass(kind, Path):
        return kind(value)
    raise NotImplementedError
