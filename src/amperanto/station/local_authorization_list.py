"""D. Local authorization list: the tokens a station knows by itself, as the CSMS told it.

Only SendLocalList changes the list, and nothing else, not even a restart (TC_D_07). A full update replaces it, a
differential one puts tokens and removes those that come without an outcome; it is taken only with a version
above the one installed. An update is taken whole or not at all. What a list says is asked by
`authorization.py`: listed tokens go before everything else the station remembers (C13, C14).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from amperanto.domain.tokens import UNKNOWN_TYPE, AuthorizationStatus, Token
from amperanto.domain.tokens import Authorization as Outcome
from amperanto.ocpp import v2
from amperanto.ocpp.errors import Malformed, NotSupportedHere, RemoteProtocolError, TooMany
from amperanto.ocpp.shapes import or_none
from amperanto.station.block import Block, handles
from amperanto.station.context import Context
from amperanto.station.controllers import READ, Address, Variable, fixed
from amperanto.station.line import Line

CONTROLLER = "LocalAuthListCtrlr"
CAPACITY = 1_000
"""How many tokens it has room for: maxLimit of Entries, 1.6's LocalAuthListMaxLength."""
UNSUPPORTED = -1
STATUS = v2.SendLocalListStatus
STATUSES = {status.value: status for status in AuthorizationStatus}
Lines = Sequence[v2.AuthorizationData]


class LocalAuthorizationList(Block):
    """D. Local authorization list."""

    def __init__(self, context: Context, line: Line) -> None:
        super().__init__(context, line)
        self._version = 0
        self._listed: dict[tuple[str, str], Outcome] = {}
        entries = fixed(CONTROLLER, "Entries", "0")
        context.variables.compute(replace(entries, data=v2.Data.INTEGER, most=CAPACITY), lambda: str(len(self._listed)))
        if context.habits.has_configuration_keys:
            most = Address("ConfigurationKeys", "LocalAuthListMaxLength")
            context.variables.declare(Variable(address=most, value=str(CAPACITY), mutability=READ))

    def known(self, token: Token) -> Outcome | None:
        """What the list says of a token, None where it does not name it or is off."""
        if not (self._available and self._enabled):
            return None
        found = self._listed.get(_key(token.uid, token.type)) or self._listed.get(_key(token.uid, UNKNOWN_TYPE))
        if found is None or not found.accepted or found.expires_at is None or found.expires_at > self.context.now():
            return found
        return replace(found, status=AuthorizationStatus.EXPIRED)

    @handles(v2.GetLocalListVersionRequest)
    def version(self, _: v2.GetLocalListVersionRequest) -> v2.GetLocalListVersionResponse | RemoteProtocolError:
        """Which version it has (D02)."""
        off = not (self._available and self._enabled)
        if self.context.habits.list_version_tells_more:
            empty = not self._listed
            return v2.GetLocalListVersionResponse(version_number=UNSUPPORTED if off else 0 if empty else self._version)
        if not self._available:
            return NotSupportedHere("this station keeps no list")
        return v2.GetLocalListVersionResponse(version_number=0 if off else self._version)

    @handles(v2.SendLocalListRequest)
    def update(self, asked: v2.SendLocalListRequest) -> v2.SendLocalListResponse | RemoteProtocolError:
        """Replace or change the list (D01)."""
        lines: Lines = or_none(asked.local_authorization_list) or []
        if not (self._available and self._enabled):
            return self._refused()
        if len(lines) > self._number("ItemsPerMessage"):
            return TooMany(f"at most {self._number('ItemsPerMessage')} tokens a message")
        if self.context.command_size > self._number("BytesPerMessage"):
            return Malformed(f"at most {self._number('BytesPerMessage')} bytes a message")
        keys = [_key(line.id_token.id_token, line.id_token.type) for line in lines]
        if asked.version_number <= 0 or len(set(keys)) < len(keys):
            return _failed("InvalidValue")
        if asked.update_type == v2.Update.FULL:
            return self._replace(asked.version_number, keys, lines)
        if asked.update_type == v2.Update.DIFFERENTIAL:
            return self._amend(asked.version_number, keys, lines)
        return _failed("InvalidValue")

    def _replace(self, version: int, keys: list[tuple[str, str]], lines: Lines) -> v2.SendLocalListResponse:
        outcomes = [_outcome(line) for line in lines]
        if None in outcomes:
            return _failed("MissingParam")
        listed = {key: outcome for key, outcome in zip(keys, outcomes, strict=True) if outcome is not None}
        return self._install(version, listed)

    def _amend(self, version: int, keys: list[tuple[str, str]], lines: Lines) -> v2.SendLocalListResponse:
        if version <= self._version:
            return v2.SendLocalListResponse(status=STATUS.VERSION_MISMATCH)
        listed = dict(self._listed)
        for key, line in zip(keys, lines, strict=True):
            outcome = _outcome(line)
            if outcome is None:
                listed.pop(key, None)
            else:
                listed[key] = outcome
        return self._install(version, listed)

    def _install(self, version: int, listed: dict[tuple[str, str], Outcome]) -> v2.SendLocalListResponse:
        if len(listed) > CAPACITY:
            return _failed("OutOfStorage")
        self._version, self._listed = version, listed
        return v2.SendLocalListResponse(status=STATUS.ACCEPTED)

    def _refused(self) -> v2.SendLocalListResponse | RemoteProtocolError:
        """The answer of a station whose list is off; 1.6 has a word for it."""
        if self.context.habits.list_version_tells_more:
            return v2.SendLocalListResponse(status=STATUS.keep("NotSupported"))
        return _failed("NotEnabled") if self._available else NotSupportedHere("this station keeps no list")

    @property
    def _available(self) -> bool:
        return self.context.variables.flag(CONTROLLER, "Available")

    @property
    def _enabled(self) -> bool:
        return self.context.variables.flag(CONTROLLER, "Enabled")

    def _number(self, variable: str) -> int:
        return self.context.variables.number(CONTROLLER, variable)


def _key(uid: str, kind: str) -> tuple[str, str]:
    """What tokens are matched by: uid and type, both without case (C01)."""
    return uid.casefold(), kind.casefold()


def _outcome(line: v2.AuthorizationData) -> Outcome | None:
    info = or_none(line.id_token_info)
    if info is None:
        return None
    group = or_none(info.group_id_token)
    return Outcome(
        status=STATUSES.get(info.status, AuthorizationStatus.INVALID),
        group=None if group is None else group.id_token,
        expires_at=or_none(info.cache_expiry_date_time),
        evses=tuple(or_none(info.evse_id) or ()),
    )


def _failed(why: str) -> v2.SendLocalListResponse:
    return v2.SendLocalListResponse(status=STATUS.FAILED, status_info=v2.StatusInfo(reason_code=why))
