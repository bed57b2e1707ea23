"""Who a station says it is: the path of its request (R6).

The identity is the last non-empty segment of the path, decoded once, whatever stands before it; a query is no
part of it. OCPP 2.x allows 48 characters, the field has more; 255 is our wall. The organisation may be named
by the segment before, else by the host: a hint, no more. What is no identity at all is a 404, so this module
must never refuse one that a station could really have.
"""

import unicodedata
from dataclasses import dataclass

from amperanto.transport.upgrade import path_segments

LONGEST = 255
FORBIDDEN = frozenset({"Cc", "Cs", "Zl", "Zp"})  # controls, lone surrogates, line and paragraph separators


@dataclass(frozen=True, slots=True)
class Address:
    """What a path and a host say: the station, and perhaps whose it is."""

    identity: str
    organisation_hint: str | None


def read_address(path: str, host: str = "") -> Address | None:
    """The station a request is about; None when the path names none."""
    try:
        segments = path_segments(path)
    except UnicodeDecodeError:
        return None
    identity = segments[-1] if len(segments) else ""
    if not is_identity(identity):
        return None
    return Address(identity, segments[-2] if len(segments) > 1 else first_label(host))


def is_identity(text: str) -> bool:
    """Whether a station may be called so."""
    if not text.strip() or len(text) > LONGEST or text in (".", ".."):
        return False
    return not any(unicodedata.category(character) in FORBIDDEN for character in text)


def first_label(host: str) -> str | None:
    """The first label of a host name that has at least three; an address names nobody."""
    name = host.rsplit("]", 1)[0] if host.startswith("[") else host.partition(":")[0]
    labels = name.split(".")
    return labels[0] if len(labels) > 2 and not labels[-1].isdigit() else None
