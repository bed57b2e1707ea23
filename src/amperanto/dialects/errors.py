"""What can go wrong between the house's words and a version's.

DialectError
├── NotSpoken         this version has no word for it; raised before the wire
└── QuirkConflict     two quirks claim the same station
"""


class DialectError(Exception):
    """The root of this room's errors."""


class NotSpoken(DialectError):
    """This version has no word for it, or cannot say all of it; `reason` is a sentence for a person."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class QuirkConflict(DialectError):
    """Two quirks claim the same station: which of them is meant?"""
