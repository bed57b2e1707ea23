"""Station passwords: kept as argon2id hashes, verified off the loop, remembered once verified.

A 1.6 AuthorizationKey is a hexadecimal text of which some stations send the bytes and some the text
(messages.md §3.1, quirks.md §1). Both are the same secret here: a text of 32 to 40 hexadecimal digits counts as
the bytes it spells. A reconnect storm of verified stations costs one keyed hash each, not one argon2 each.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections import OrderedDict
from hashlib import blake2b

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerifyMismatchError

# Station secrets, not people's: 8 MiB and one pass (about 4 ms) keep a storm affordable (stack.md §7).
_HASHER = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1, type=Type.ID)
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2}){16,20}")
_DECOY = _HASHER.hash(secrets.token_bytes(16))

SHORTEST = 16


def generated() -> str:
    """A fresh password: 32 hexadecimal digits, 128 bits, right for every version (A01; at most 40 characters)."""
    return secrets.token_hex(16)


def canonical(password: bytes) -> bytes:
    """The secret behind a password: the bytes that hexadecimal digits spell, else the password itself."""
    return bytes.fromhex(password.decode()) if _HEX.fullmatch(password) else password


class Passwords:
    """Hashes and checks station passwords."""

    def __init__(self, remembered: int = 20_000) -> None:
        self._key = secrets.token_bytes(32)
        self._verified: OrderedDict[bytes, None] = OrderedDict()
        self._remembered = remembered

    async def hash(self, password: bytes) -> str:
        """The hash to keep."""
        return await asyncio.to_thread(_HASHER.hash, canonical(password))

    async def verify(self, kept: str | None, password: bytes) -> bool:
        """Whether this is the password; without one to compare with, the same work is done for nothing."""
        secret = canonical(password)
        mark = blake2b((kept or "").encode() + b"\0" + secret, key=self._key, digest_size=16).digest()
        if mark in self._verified:
            self._verified.move_to_end(mark)
            return True
        right = await asyncio.to_thread(_matches, kept or _DECOY, secret) and kept is not None
        if right:
            self._verified[mark] = None
            if len(self._verified) > self._remembered:
                self._verified.popitem(last=False)
        return right


def _matches(kept: str, secret: bytes) -> bool:
    try:
        return _HASHER.verify(kept, secret)
    except (VerifyMismatchError, InvalidHashError):
        return False
