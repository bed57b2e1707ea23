"""What can be wrong in the charging world itself, without any station, socket or database.

DomainError
├── UnknownToken          nobody registered this token
├── UnknownTransaction    no transaction of that reference at that station
├── UnknownRemoteStart    nobody asked for that remote start
├── LimitNotSupported     the station cannot keep to such a limit
├── UnknownReview         nothing of that id waits for a person
├── ReviewOver            it was settled already
├── FigureNeeded          a decision without the figure it needs
├── UnknownReservation    nobody made that reservation
├── WrongProfile          a charging profile that cannot go with a remote start
├── TriggerNotAllowed     a message that station must not be asked for now
├── TransactionOver       it ended already: it cannot be stopped or limited
├── ReservationOver       it ended already: nothing can be done with it
├── TokenNotAccepted      this token may not charge, so nothing is kept for it
├── ImpossibleQuantity    a figure that cannot be a quantity (not a number, infinite)
├── BadVariable           a text that names no variable of the device model
├── SecretNotKept         a value that may be sent, but never kept
├── UnknownTemplate       nobody wrote a template of that name
├── UnknownWish           no such wanted value
├── UnknownRollout        the organisation has no such rollout
├── UnknownSite           the organisation has no such site
└── UnknownTimeZone       a name that is no time zone
"""


class DomainError(Exception):
    """The root of this room's errors."""


class UnknownToken(DomainError):
    """Nobody registered this token."""


class UnknownTransaction(DomainError):
    """The station has no transaction of that reference."""


class LimitNotSupported(DomainError):
    """The station does not support such a limit (TxCtrlr.SupportedLimits)."""


class UnknownReview(DomainError):
    """Nothing of that id waits for a person."""


class ReviewOver(DomainError):
    """The review was settled already."""


class FigureNeeded(DomainError):
    """The decision needs a figure, or must have none."""


class UnknownReservation(DomainError):
    """Nobody made that reservation."""


class UnknownRemoteStart(DomainError):
    """Nobody asked for that remote start."""


class WrongProfile(DomainError):
    """The charging profile is none that a remote start may carry."""


class TriggerNotAllowed(DomainError):
    """The station must not be asked for that message now."""


class TransactionOver(DomainError):
    """The transaction ended already."""


class ReservationOver(DomainError):
    """The reservation ended already."""


class TokenNotAccepted(DomainError):
    """The token may not charge."""


class ImpossibleQuantity(DomainError):
    """A figure that is not a finite number."""


class BadVariable(DomainError):
    """A text that names no variable of the device model."""


class SecretNotKept(DomainError):
    """A value that may be sent but never kept: it cannot wait, nor stand in a template."""


class UnknownTemplate(DomainError):
    """Nobody wrote a template of that name."""


class UnknownWish(DomainError):
    """There is no such wanted value, or it waits no more."""


class UnknownSite(DomainError):
    """The organisation has no such site."""


class UnknownTimeZone(DomainError):
    """A name that is no time zone of the IANA list."""


class UnknownRollout(DomainError):
    """There is no such rollout."""
