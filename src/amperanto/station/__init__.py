"""A charging station in software: for demonstrations, for tests, and for trying somebody else's CSMS.

`Station` speaks OCPP 1.6, 2.0.1 or 2.1 above a pretend contactor. It uses the same dialects as the CSMS, in
the other direction, so their agreement proves nothing about the standard; the examiner does that.
"""

from amperanto.domain.quantities import Percent, WattHours
from amperanto.domain.tokens import Token
from amperanto.ocpp.versions import Version
from amperanto.station.clock import AcceleratedClock, Clock, RealClock, SimulatedClock
from amperanto.station.evse import Evse, Transaction
from amperanto.station.fleet import Fleet
from amperanto.station.hardware import Outlet
from amperanto.station.line import Answered
from amperanto.station.network_slots import NetworkProfile
from amperanto.station.route import ByProfile
from amperanto.station.station import Station
from amperanto.station.vehicle import Vehicle

__all__ = [
    "AcceleratedClock",
    "Answered",
    "ByProfile",
    "Clock",
    "Evse",
    "Fleet",
    "NetworkProfile",
    "Outlet",
    "Percent",
    "RealClock",
    "SimulatedClock",
    "Station",
    "Token",
    "Transaction",
    "Vehicle",
    "Version",
    "WattHours",
]
