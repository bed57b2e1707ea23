"""The law of prices: what was shown is what is billed, and a second arithmetic that shares no code says the same.

A small slice in every run; 100,000 charges by `make prove`. Each charge is its seed: a failure names it.
"""

from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest
from hypothesis import settings
from tests.support.charges import charge
from tests.support.tariff_arithmetic import bill

from amperanto.conformance.requirements import requirement
from amperanto.domain.costs import cost
from amperanto.domain.price_previews import preview
from amperanto.domain.tariffs import Limit

SHARDS = 20
THOROUGH = settings.get_current_profile_name() == "thorough"
EACH = 5_000 if THOROUGH else 15


@requirement("I12-3", "I12-5", "I12-6", "I12-7", "I12-8", "I12-9", "I12-11")
@pytest.mark.parametrize("shard", range(SHARDS))
def test_the_price_shown_is_the_price_billed_to_the_cent(shard: int) -> None:
    for seed in range(shard * EACH, (shard + 1) * EACH):
        random = Random(seed)
        one = charge(random)
        shown, billed = preview(one.tariff, one.plan), cost(one.tariff, one.billed(random))
        assert (shown.net, shown.gross) == (billed.net, billed.gross), seed
        assert (billed.net, billed.gross) == bill(one.words, one.told, one.zone), seed
        assert sum((line.net for line in billed.lines), Decimal(0)) == billed.net, seed
        assert sum((line.gross for line in billed.lines), Decimal(0)) == billed.gross, seed
        assert sum((tax.amount for tax in billed.taxes), Decimal(0)) == (billed.tax if billed.taxes else 0), seed


@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_running_cost_never_falls_and_ends_at_the_total(shard: int) -> None:
    for seed in range(shard * EACH, shard * EACH + EACH // 3):
        random = Random(seed)
        one = charge(random)
        if one.words.get("steps") or one.tariff.min_cost is not None:
            continue  # steps may take back what a started one had cost; the minimum counts at the end only
        if one.tariff.max_cost is not None:
            one.tariff = replace(one.tariff, max_cost=Limit(incl_tax=Decimal(20)))
        usage = one.billed(random)
        so_far = Decimal(0)
        for count in range(1, len(usage.points) + 1):
            part = type(usage)(points=usage.points[:count], zone=usage.zone, evse_kind=usage.evse_kind)
            running = cost(one.tariff, part, ended=False).gross
            assert running >= so_far, seed
            so_far = running
        assert so_far == cost(one.tariff, usage).gross, seed
