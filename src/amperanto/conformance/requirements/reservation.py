"""H. Reservation: what the standard asks."""

from __future__ import annotations

from amperanto.conformance.requirements.requirement import V16 as OLD
from amperanto.conformance.requirements.requirement import Requirement, csms, station

REQUIREMENTS: tuple[Requirement, ...] = (
    station("H01-1", "an accepted reservation of an EVSE is answered first and then makes its connector Reserved"),
    station("H01-2", "a reservation of a known id replaces the one it had"),
    station(
        "H01-3", "an EVSE that is used, reserved, broken or out of service is answered Occupied, Faulted, Unavailable"
    ),
    station("H01-4", "a station with reservations disabled or without them rejects"),
    station("H01-5", "a reservation of no EVSE is rejected where NonEvseSpecific is false"),
    station("H01-6", "for each reservation of no EVSE one suitable EVSE is kept free"),
    station("H01-7", "as many such reservations as free EVSEs make them all Reserved"),
    station("H01-8", "an EVSE that breaks or goes out of service ends its reservation, told as Removed"),
    csms("H01-9", "a reservation says id, token, expiry, and EVSE, connector type or group where asked for"),
    csms("H01-10", "the station's no ends the reservation as refused, with its word"),
    station("B01.FR.13", "a reservation and its Reserved state outlive a restart"),
    station("H01-12", "a restart on idle waits until nothing is reserved"),
    csms("H01-13", "what was reserved at a place that broke is known to be removed"),
    station("H02-1", "a cancelled reservation makes its connector Available again"),
    station("H02-2", "a reservation nobody knows cannot be cancelled: Rejected"),
    csms("H02-3", "a reservation is over once its cancelling is accepted, or the station knows of none"),
    station("H03-1", "the token it waits for uses the reservation"),
    station("H03-2", "the reservation's id is told with the next transaction event, once"),
    station("H03-3", "a token of the group uses the reservation"),
    station("H03-4", "a token whose group is not known is asked about first"),
    station("H03-5", "a token that brings no car in time is told as NoTransaction", ("2.1",)),
    station("H03-6", "another token is turned away and leaves the reservation as it is"),
    csms("H03-7", "a transaction that carries the id, or is of the token or group, uses the reservation"),
    csms("H03-8", "an end the station tells (Expired, Removed, NoTransaction) is kept"),
    station("H03.FR.10", "the token alone makes a reserved connector Available until the car comes"),
    station("H04-1", "a reservation that expires is told as Expired"),
    station("H04-2", "a reservation that expires makes its connector Available"),
    csms("H04-3", "a reservation whose end nobody tells expires by our clock"),
    station("1.6:ReserveNow-1", "Occupied, Faulted and Unavailable are answered as they are", OLD),
    station("1.6:ReserveNow-2", "connector 0 is reserved only with ReserveConnectorZeroSupported", OLD),
    station("1.6:ReserveNow-3", "the same reservationId replaces", OLD),
    station("1.6:ReserveNow-4", "the use is told by the reservationId in StartTransaction", OLD),
    station("1.6:ReserveNow-5", "a connector that breaks or goes out of service is reserved no longer", OLD),
    csms("1.6:ReserveNow-6", "a start of its token there, naming no reservation, uses it", OLD),
)
