"""Whether two uids may be one card: the same bytes, read or written in another way.

One reader says 04A2B3C4D5, another D5C4B3A204 (the bytes in the other order), a third 04:a2:b3:c4:d5, a fourth the
number 19909559509, a fifth drops leading zeros, a sixth reads one character too many. All of them have a likeness in
common. The rule: a likeness is never enough to charge with (two cards may share it); it is what a person is asked
about, and an alias is matched exactly from then on.
"""

from __future__ import annotations

import re

SEPARATORS = re.compile(r"[\s:.\-_]+")
HEX = re.compile(r"[0-9a-f]+")
SHORTEST = 3
"""Octets below which bytes in the other order are likely to be another card altogether."""
TAG_LENGTH = 20
"""Characters of a 1.6 idTag; some stations echo one more (quirks §2)."""


def likenesses(uid: str) -> tuple[str, ...]:
    """What a registered uid may be recognised by: as text or bytes first, then, of digits alone, as a number."""
    plain = SEPARATORS.sub("", uid).casefold()
    if not plain:
        return ()
    found = [_octets(plain) if HEX.fullmatch(plain) else f"={plain.lstrip('0') or '0'}"]
    if plain.isdecimal() and plain.isascii():
        found.append(_octets(f"{int(plain):x}"))
    return tuple(dict.fromkeys(found))


def sought(uid: str) -> tuple[str, ...]:
    """The likenesses under which a uid that nobody knows may be registered."""
    found = list(likenesses(uid))
    if len(uid) > TAG_LENGTH:
        found += likenesses(uid[:TAG_LENGTH])
    return tuple(dict.fromkeys(found))


def _octets(digits: str) -> str:
    """The bytes without zeros at either end, in the order that comes first."""
    octets = bytes.fromhex(digits.zfill(len(digits) + len(digits) % 2)).strip(b"\0")
    if len(octets) < SHORTEST:
        return f"#{octets.hex()}"
    return f"#{min(octets, octets[::-1]).hex()}"
