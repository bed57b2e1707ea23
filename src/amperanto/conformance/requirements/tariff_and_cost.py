"""I. Tariff and cost: what the standard asks.

I07-I12 are 2.1's local cost calculation; `spec` gives their rules without numbers, so they are counted here. The price
of a charge is worked out by one function on both sides (domain/costs.py), so its rules bind both.
"""

from __future__ import annotations

from amperanto.conformance.requirements.requirement import V21, Requirement, both

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

REQUIREMENTS: tuple[Requirement, ...] = CALCULATION
