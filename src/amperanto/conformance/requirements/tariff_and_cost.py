"""I. Tariff and cost: what the standard asks.

I07-I12 are 2.1's local cost calculation; its rules are known without numbers, so they are counted here. The price of a
charge is worked out by one function on both sides (domain/costs.py), so its rules bind both.
"""

from __future__ import annotations

from amperanto.conformance.requirements.requirement import V16, V21, Requirement, both, csms

TEXTS = (
    csms("I01", "a driver who is authorized is told the tariff in words: personalMessage of the answer"),
    csms("I01-1", "the text of a tariff is sent only to a station that can show it"),
    csms("I02", "while a charge runs, its cost so far is told: CostUpdated, or totalCost of an answer"),
    csms("I02-1", "running costs come at a measured pace, and only to a station that can show them"),
    csms("I03", "the answer to the last report tells the final cost, which is what is billed"),
    csms("I03-1", "a total of 0 is free; where the cost is not known there is no total"),
    csms("I04", "the text for an unknown tariff is set as TariffFallbackMessage, one a language in 2.1"),
    csms("I05", "the text for an unknown total is set as TotalCostFallbackMessage, one a language in 2.1"),
    csms("I06", "a driver whose tariff changes is told with the next answer: updatedPersonalMessage"),
)
LOCAL: tuple[Requirement, ...] = (
    csms("I07", "a default tariff is installed at an EVSE, or at all (0)", V21),
    csms("I07-1", "the tariff carries its prices, conditions, taxes and limits", V21),
    csms("I07-2", "other content is another tariffId", V21),
    csms("I07-3", "a tariff the station cannot take (elements, conditions, refused) is seen to be not installed", V21),
    csms("I07-4", "no tariff is sent to a station that calculates no costs", V21),
    csms("I08", "a driver's own tariff comes with the answer to Authorize", V21),
    csms("I08-1", "a driver's tariff has no validFrom", V21),
    csms("I08-2", "a driver's tariff of other content has another tariffId", V21),
    csms("I08-3", "a tariff a station would calculate otherwise than we do is not given to it", V21),
    csms("I09", "which tariffs a station has is asked by GetTariffs; NoTariff is an answer", V21),
    csms("I10", "tariffs are cleared by ids or by EVSE, each with its result", V21),
    csms("I11", "the tariff of a running transaction is exchanged by ChangeTransactionTariff", V21),
    csms("I11-1", "a station's refusal leaves the tariff as it was", V21),
    csms("I11-2", "the currency of a transaction does not change", V21),
    csms("I11-3", "what holds for the rest is what the station took", V21),
    csms("I12", "a station's costDetails are kept with the transaction", V21),
    csms("I12-1", "costDetails that differ from our own calculation are found, and shown to a person", V21),
)
CALCULATION: tuple[Requirement, ...] = (
    both("I11-4", "another tariff holds for the rest of a transaction, never for what was used before", V21),
    both("I12-3", "fees count once, at the start; a reservation costs when it was used", V21),
    both("I12-4", "in each dimension the first price whose conditions hold counts, else it is free", V21),
    both("I12-5", "conditions on power, current, energy and durations are judged at each piece of a charge", V21),
    both("I12-6", "times of day, weekdays and dates are local, also on days of 23 or 25 hours", V21),
    both("I12-7", "usage is energy, charging time, idle time and reservation time", V21),
    both("I12-8", "taxes of one stack are on the same amount, those of the next on what that came to", V21),
    both("I12-9", "the total is the sum of the parts, in one currency", V21),
    both("I12-10", "a total below the minimum is raised to it at the end, as a fixed cost; usage stays", V21),
    both("I12-11", "a cost that reaches the maximum stays there; usage counts on", V21),
)
CALIFORNIA: tuple[Requirement, ...] = (
    csms("1.6:California-1", "SetUserPrice tells a driver the price when the card is presented", V16),
    csms("1.6:California-2", "RunningCost tells cost, register, state and the prices that hold now", V16),
    csms("1.6:California-3", "FinalCost tells the cost after the stop", V16),
    csms(
        "1.6:California-4",
        "the messages travel as DataTransfer of org.openchargealliance.costmsg, data as JSON text",
        V16,
    ),
)

REQUIREMENTS: tuple[Requirement, ...] = (*TEXTS, *LOCAL, *CALCULATION, *CALIFORNIA)
