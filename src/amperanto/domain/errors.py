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
├── SignedValueUnreadable a signed reading that is not what it says to be
├── BadMeterKey           a text that is no public key of a meter
├── UnknownMeterKey       no key is registered for that meter
├── UnknownPayment        nobody made that payment
├── PaymentOver           it ended already, or was settled by somebody else
├── PaymentRefused        the payment service provider, or the rule of the house, said no
├── BadCode               a code of a QR address that is none of now
├── UnknownSite           the organisation has no such site
├── UnknownTariff         the organisation has no such tariff, or no such version
├── TariffExists          a tariff of that name is there already
├── TariffInUse           it holds for somebody, or priced a charge
├── UnknownAssignment     no tariff is assigned there
├── CurrencyChanges       a charge cannot go on in another currency
├── BadTariff             what cannot be a tariff
├── UnknownRecord         the organisation has no such charge record
├── NotBillable           the transaction runs, or is held for review
├── NothingToCorrect      the record was corrected already
├── SiteInUse             stations stand there
├── UnknownGroup          nothing was said of that group of tokens
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


class SiteInUse(DomainError):
    """Stations stand at the site."""


class UnknownGroup(DomainError):
    """Nothing was said of that group of tokens."""


class UnknownTimeZone(DomainError):
    """A name that is no time zone of the IANA list."""


class UnknownRollout(DomainError):
    """There is no such rollout."""


class UnknownTariff(DomainError):
    """The organisation has no tariff, or no version, of that name."""


class TariffExists(DomainError):
    """There is a tariff of that name already; change it instead."""


class TariffInUse(DomainError):
    """It holds for somebody, or a charge was priced by it: it cannot be removed."""


class UnknownAssignment(DomainError):
    """No tariff is assigned there."""


class BadTariff(DomainError):
    """It cannot be a tariff; `problems` says why, each in words."""

    def __init__(self, found: list[str]) -> None:
        super().__init__("; ".join(found))
        self.problems = found


class UnknownRecord(DomainError):
    """The organisation has no charge record of that id."""


class NotBillable(DomainError):
    """The transaction runs, or is held for review: no record is issued yet."""


class NothingToCorrect(DomainError):
    """It was corrected already, or bills what it should."""


class CurrencyChanges(DomainError):
    """A charge that began in one currency cannot go on in another (I11)."""


class SignedValueUnreadable(DomainError):
    """A signed reading that is not what it says to be."""


class BadMeterKey(DomainError):
    """A text that is no public key of a meter."""


class UnknownMeterKey(DomainError):
    """No public key is registered for that meter."""


class UnknownPayment(DomainError):
    """Nobody made that payment."""


class PaymentOver(DomainError):
    """The payment ended already."""


class PaymentRefused(DomainError):
    """No money can be held for it."""


class BadCode(DomainError):
    """The code of a QR address is not that of now, or the station has none."""
