"""I. Tariff and cost: what the standard asks of the station.

The copy of the standard we work from numbers one requirement alone (I08.FR.32); the others are counted by us.
"""

from __future__ import annotations

from amperanto.conformance.requirements.requirement import V2, V16, V21, Requirement, station

SHOWN: tuple[Requirement, ...] = (
    station("I01-S1", "The price in words that came with the token is shown.", V2),
    station("I02-S1", "The running cost is shown, whether CostUpdated or an answer tells it.", V2),
    station("I03-S1", "The total cost is shown; 0.00 is free.", V2),
    station("I04-S1", "Where no price is known, the TariffFallbackMessage is shown.", V2),
    station("I05-S1", "Where no total is told, the TotalCostFallbackMessage is shown: absent is not free.", V2),
    station("I06-S1", "A changed price in words is shown.", V2),
    station("1.6:CaliforniaPricing-S1", "SetUserPrice, RunningCost and FinalCost of the whitepaper are shown.", V16),
    station("1.6:CaliforniaPricing-S2", "They are taken only where CustomDisplayCostAndPrice is true.", V16),
)

CALCULATED: tuple[Requirement, ...] = (
    station("I07-S1", "A charge without a driver's tariff costs by the default tariff of its EVSE.", V21),
    station("I07-S2", "Without local cost calculation the commands are answered NotSupported.", V21),
    station("I07-S3", "TooManyElements, ConditionNotSupported, UnknownEvse and InvalidValue are told apart.", V21),
    station("I07-S4", "A tariffId stands for one content, else DuplicateTariffId.", V21),
    station(
        "I07-S5", "A tariff holds from validFrom and replaces earlier ones; a running transaction keeps its own.", V21
    ),
    station("I07-S6", "Default tariffs outlive a restart.", V21),
    station("I07-S7", "The tariffId is told once, in the next event.", V21),
    station("I07-S8", "A driver who refuses the tariff ends it: TariffNotAccepted, deauthorised.", V21),
    station("I08-S1", "The driver's tariff goes before the default.", V21),
    station("I08-S2", "It is removed after its use.", V21),
    station("I08-S3", "One that cannot be processed is handled as HandleFailedTariff says.", V21),
    station("I08-S4", "Problem becomes true and is told by NotifyEvent, false when all is well again.", V21),
    station("I08.FR.32", "UseDefault (also written UseDefaultTariff) charges by the default tariff.", V21),
    station("I09-S1", "GetTariffs tells assignments by tariffId and EVSE, not the tariffs.", V21),
    station("I09-S2", "Where none is assigned the answer is NoTariff.", V21),
    station("I10-S1", "ClearTariffs answers for each tariff; an unknown one is NoTariff.", V21),
    station("I10-S2", "Tariffs of one EVSE can be cleared alone.", V21),
    station("I10-S3", "A tariff in use stays for its transaction.", V21),
    station("I11-S1", "An accepted change is told by TariffChanged with the new tariffId.", V21),
    station("I11-S2", "It holds for the rest and not for what was used.", V21),
    station("I11-S3", "TooManyElements, ConditionNotSupported, TxNotFound, NoCurrencyChange are told apart.", V21),
    station("I12-S1", "Ended carries the whole cost details: total, usage, taxes, periods.", V21),
    station("I12-S2", "The total is exact to the cent, without and with tax.", V21),
    station("I12-S3", "RunningCost is told every Interval[Cost] seconds, without periods.", V21),
    station("I12-S4", "Fees and idle time count; the parts sum to the total.", V21),
    station("I12-S5", "minCost and maxCost make the cost what it is; usage counts on.", V21),
    station("I12-S6", "What cannot be calculated is told by failureToCalculate and its reason.", V21),
    station("I12-S7", "Times of day are those of the station's zone, and part the charge into periods.", V21),
    station("I12-S8", "A limit of cost suspends the energy when the calculated cost reaches it.", V21),
    station("I12-S9", "A used reservation costs its fee and its time.", V21),
)

REQUIREMENTS: tuple[Requirement, ...] = (*SHOWN, *CALCULATED)
