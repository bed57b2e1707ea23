"""F. Remote control: what the standard asks."""

from __future__ import annotations

from amperanto.conformance.requirements.requirement import V16 as OLD
from amperanto.conformance.requirements.requirement import Requirement, csms

REQUIREMENTS: tuple[Requirement, ...] = (
    csms("F01-1", "a remote start says the token, a remoteStartId of its own, and the EVSE where one is chosen"),
    csms("F01-2", "a station that refuses a remote start is heard with its reason, and the start ends as refused"),
    csms("F01-3", "a charging profile goes with a remote start as TxProfile without transactionId, or not at all"),
    csms("F01-4", "a transactionId in the answer names the transaction that the remote start became"),
    csms("F01-5", "the transaction that carries the remoteStartId is the one that was asked for"),
    csms("F02-3", "the remoteStartId of a transaction event is verified, and no other start is taken for it"),
    csms("F02-4", "a remote start of which nothing comes within the station's connection time-out times out"),
    csms("F02-5", "a remote start ends in exactly one state, whatever the order of answer, report, timer and restart"),
    csms("F03-4", "a remote stop is followed to the end of the transaction"),
    csms("F03-5", "a station that accepts a remote stop and goes on charging is put before a person"),
    csms("F03-6", "a refused remote stop is said to be refused, and the transaction goes on"),
    csms("F04-2", "a remote stop after which the car stays plugged in without energy is no failure"),
    csms("F06-20", "a station that is accepted is never asked for its BootNotification"),
    csms("F06-21", "a station that does not tell of all its connectors at once is asked connector by connector"),
    csms("F06-22", "a custom trigger is passed on by its name", ("2.1",)),
    csms(
        "F07-1", "limits asked for with a remote start are told in the answer to the start of its transaction", ("2.1",)
    ),
    csms("F07-2", "they are told once, and not with every answer after it", ("2.1",)),
    csms("1.6:RemoteStartTransaction-3", "a charging profile is a TxProfile and names no transaction", OLD),
    csms("1.6:RemoteStartTransaction-5", "the next start of the token at that connector is the one asked for", OLD),
)
