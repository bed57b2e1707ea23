"""What can go wrong between us and a station we talk to.

StationError
├── StationUnknown        nobody registered that station
├── StationOffline        it has no socket here
├── StationNotAccepted    its boot was rejected: nothing may be sent (B03.FR.03)
├── NotSpoken             its version has no word for it; said before the wire
├── ActionUnknown         its version has no such action (raw calls)
├── CannotResume          it does not say that it resumes transactions after a reset (B13)
├── NoFreeSlot            none of its network profiles may be written (B09)
├── PayloadRefused        what was to be sent raw is no exact JSON object
├── StationBusy           too many requests wait for it already
└── StationSilent         it did not answer in time
`NotDurable` (nothing can be kept now, R8) and `Fenced` (a newer connection took over, R4) are the stores' and told
again here, since doors do not know the stores. A CALLERROR of the station is `ocpp.errors.CallRefused`.
"""

from amperanto.stores.errors import ConflictError, Fenced, NotDurable

__all__ = [
    "ActionUnknown",
    "CannotResume",
    "ConflictError",
    "Fenced",
    "NoFreeSlot",
    "NotDurable",
    "NotSpoken",
    "PayloadRefused",
    "Removed",
    "StationBusy",
    "StationError",
    "StationNotAccepted",
    "StationOffline",
    "StationSilent",
    "StationUnknown",
]


class Removed(Fenced):
    """The station was removed while its socket was open."""


class StationError(Exception):
    """The root: a station cannot do what was asked."""


class StationUnknown(StationError):
    """Nobody registered that station."""


class StationOffline(StationError):
    """The station has no socket to this system now."""


class StationNotAccepted(StationError):
    """The station's boot was rejected, so nothing may be sent to it."""


class NotSpoken(StationError):
    """The station's version has no word for it, or cannot say all of it."""


class ActionUnknown(StationError):
    """The station's version has no such action that is asked of stations."""


class PayloadRefused(StationError):
    """What was to be sent as it is, is no exact JSON object."""


class CannotResume(StationError):
    """The station does not say that it resumes transactions after a reset."""


class NoFreeSlot(StationError):
    """None of the station's network profiles may be written."""


class StationBusy(StationError):
    """Too many requests wait for this station."""


class StationSilent(StationError):
    """The station did not answer in time."""
