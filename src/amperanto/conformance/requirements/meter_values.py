"""J. Meter values: what the standard asks of a CSMS; the station's part is in `meter_values_station.py`."""

from __future__ import annotations

from amperanto.conformance.requirements.requirement import ALL, V16, Requirement, csms

REQUIREMENTS: tuple[Requirement, ...] = (
    csms("J01-1", "MeterValues is always answered, and what it tells is kept.", ALL),
    csms("J01-2", "EVSE (1.6: connector) 0 is the main meter: its readings belong to no transaction.", ALL),
    csms("J01-3", "In 2.x MeterValues are of no transaction: those of one come in its events."),
    csms("J02-1", "Several readings may bear the same time: each is kept.", ALL),
    csms("J02-2", "Registers are not rebased: energy is the last less the first; one that falls is noticed.", ALL),
    csms("J02-3", "A transaction's readings are those of its own events."),
    csms("J02-4", "Signed values are kept as they came, with method, encoding and key."),
    csms("1.6:MeterValues-1", "Readings that name a transaction are its own, once however often they are told.", V16),
    csms("1.6:MeterValues-2", "Readings with an old id, -1 or none are of what ran at that connector then.", V16),
    csms("1.6:MeterValues-3", "A reading without measurand, unit or context is the import register in Wh.", V16),
)
