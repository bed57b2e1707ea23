"""J. Meter values: what the standard asks of a charging station."""

from __future__ import annotations

from amperanto.conformance.requirements.requirement import ALL, V16, V21, Requirement, station

REQUIREMENTS: tuple[Requirement, ...] = (
    station("J01-S1", "The main meter is told as EVSE 0 at each interval, if there is one.", ALL),
    station("J01-S2", "SendDuringIdle: no readings on the clock while a transaction runs, of the station or the EVSE."),
    station("J01-S3", "Every EVSE is told at each AlignedDataCtrlr.Interval, context Sample.Clock.", ALL),
    station("J01-S4", "Intervals count from midnight UTC.", ALL),
    station("J02-S1", "Ended tells Transaction.Begin, Transaction.End and what TxEndedInterval collected."),
    station("J02-S2", "One timestamp for each meterValue, that of its sampling."),
    station("J02-S3", "Registers only grow and are never rebased.", ALL),
    station("J02-S4", "SampledDataCtrlr.Enabled and AlignedDataCtrlr.Enabled switch it off.", ALL),
    station("J02-S5", "SignReadings: values are signed, by a meter that can."),
    station("J02-S6", "PublicKeyWithSignedMeterValue rules how often the key comes along."),
    station("J02-S7", "SignStartedReadings and SignUpdatedReadings sign the rest.", V21),
    station("J02-S8", "Readings on the clock during a transaction: MeterValueClock, not MeterValues."),
    station("J02-S9", "Periodic samples count from the start of the transaction.", ALL),
    station("J02-S10", "An interval of 0 is off.", ALL),
    station("1.6:MeterValues-S1", "Connector 0 is the main meter and carries no transactionId.", V16),
    station("1.6:MeterValues-S2", "A reading on the clock carries the transaction that runs.", V16),
    station("1.6:MeterValues-S3", "Samples carry the number of their transaction.", V16),
    station(
        "J03-S1",
        "Readings in an ISO 15118 metering receipt are not forwarded.",
        deferred="the station in software speaks no ISO 15118 with its car: there is no receipt",
    ),
)
