"""The code in a station's QR address, TOTP version 1 (2.1 C25; state_machines.md §11), and that address.

Station and CSMS share a secret; the code of an interval is a keyed digest of its number, spelled in 62 letters. A
copy of the standard spells 61 (no `o` among the lower-case letters), so that alphabet is there for those who say so.
Codes of the current, the previous and the next interval are good; they are compared in constant time.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from string import ascii_lowercase, ascii_uppercase, digits

VERSION = "v1"
BASE62 = digits + ascii_lowercase + ascii_uppercase
BASE61 = BASE62.replace("o", "")
NEIGHBOURS = (0, -1, 1)
PARAMETERS = ("maxtime", "maxenergy", "maxcost")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def code(secret: str, at: datetime, *, validity: int, length: int, alphabet: str = BASE62, shift: int = 0) -> str:
    """The code at that time, `shift` intervals of `validity` seconds away."""
    interval = int(at.timestamp()) // validity + shift
    digest = hmac.new(secret.encode(), interval.to_bytes(8, "big"), sha256).digest()
    offset = digest[-1] & 0x0F
    return "".join(alphabet[digest[(offset + place) % len(digest)] % len(alphabet)] for place in range(length))


def is_good(told: str, secret: str, at: datetime, *, validity: int, length: int, alphabets: tuple[str, ...]) -> bool:
    """Whether the code is that of now or a neighbouring interval; takes the same time for each wrong one."""
    good = False
    for alphabet in alphabets:
        for shift in NEIGHBOURS:
            right = code(secret, at, validity=validity, length=length, alphabet=alphabet, shift=shift)
            good |= hmac.compare_digest(right.encode(), told.encode())
    return good


def address(template: str, values: Mapping[str, str]) -> str:
    """The address a QR code shows: the template with its placeholders filled; unknown ones stay as they are."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1].lower(), found[0]), template)
