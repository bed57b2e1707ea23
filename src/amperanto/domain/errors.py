"""What can be wrong in the charging world itself, without any station, socket or database.

DomainError
├── UnknownToken          nobody registered this token
├── UnknownTransaction    no transaction of that reference at that station
└── ImpossibleQuantity    a figure that cannot be a quantity (not a number, infinite)
"""


class DomainError(Exception):
    """The root of this room's errors."""


class UnknownToken(DomainError):
    """Nobody registered this token."""


class UnknownTransaction(DomainError):
    """The station has no transaction of that reference."""


class ImpossibleQuantity(DomainError):
    """A figure that is not a finite number."""
