"""A 24-hour day of many stations of which everything goes wrong in one case of twenty is billed to the cent.

What is true is said by `recompute.py`, from the stations' own record files alone. Asked are: is every charge known
once; was anything false billed before a person saw it; is everything billed rightly once a person has decided; is any
energy missing; is anything left over. Each kind of lie is counted: held for a person, or harmless.

What no recomputation can say is not asked, and nothing else is left out:

- the price by the hour of the day (`hours`) reads when energy flowed. Where the station's clock was wrong, a reading
  was told falsely or not at all, or a person put a figure in place of the readings, nobody but the station knows when
  that was: of such charges the energy is compared, and that the price is between the least and the most it could be.
- 1.6 tells idle time by the states of its connector, which it does not tell again after they were lost on the way: so
  of 1.6 charges by the hour the same is compared.

A size and seeds of one's own: AMPERANTO_DAY_STATIONS, AMPERANTO_DAY_SEEDS (a list with commas).
"""

from __future__ import annotations

import ast
import os
import sys
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest

from amperanto.domain.charge_records import ChargeRecord, RecordKind
from amperanto.domain.transactions import Transaction, TransactionState
from amperanto.ocpp import Version
from tests.day import recompute
from tests.day.lived import Lived, run, standing
from tests.day.recompute import Charge, gross_cents
from tests.day.scenario import RATE, Told

STATIONS = int(os.environ.get("AMPERANTO_DAY_STATIONS", "30"))
SEEDS = [int(seed) for seed in os.environ.get("AMPERANTO_DAY_SEEDS", "1").split(",")]
MANY = 200
"""From so many stations on every kind of fault must have happened."""
NO_FAULT_OF_THE_LINE = ("clock_offset", "clock_unset", "clock_local")


@pytest.fixture(scope="module", params=SEEDS)
def day(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Lived:
    return run(tmp_path_factory.mktemp("records"), stations=STATIONS, seed=request.param)


def test_the_recomputation_imports_nothing_of_ours():
    tree = ast.parse(Path(recompute.__file__).read_text("utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(tree))
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


def test_much_went_wrong(day: Lived):
    counted = day.day.faults.counted
    kinds = [kind for kind in counted if STATIONS >= MANY or kind not in NO_FAULT_OF_THE_LINE]
    assert sum(counted[kind] > 0 for kind in kinds) >= (len(kinds) if STATIONS >= MANY else 15)
    assert len(day.charges) > 2 * STATIONS


def test_every_station_is_heard_to_the_end_and_nothing_runs_on(day: Lived):
    assert day.queued == 0
    assert all(charge.ended for charge in day.charges.values())
    assert {one.state for found in day.after.values() for one in found} == {TransactionState.ENDED}


def test_every_charge_is_known_and_once(day: Lived):
    assert {key: len(day.before.get(key, ())) for key in day.charges} == dict.fromkeys(day.charges, 1)


def test_what_no_station_did_is_flagged_held_and_void(day: Lived):
    """An end that could be of several charges is kept as one of its own: nobody could know whose it was."""
    invented = [one for key, found in day.before.items() if key not in day.charges for one in found]
    assert [one for one in invented if not (one.held and one.flags)] == []
    assert len(invented) <= max(1, len(day.charges) // 200)
    assert all(one.void for key, found in day.after.items() if key not in day.charges for one in found)


def test_nothing_false_is_billed_before_anybody_saw_it(day: Lived):
    billed = standing(day.unseen)
    assert wrong(day, billed) == []
    held = {key for key, found in day.before.items() if any(one.held for one in found)}
    assert billed.keys() | held == day.before.keys()
    assert not billed.keys() & held


def test_each_kind_of_lie_was_held_or_harmless(day: Lived):
    """A lie is harmless where the charge was billed rightly in spite of it; what is neither would be in `wrong`."""
    lied = fates(day)
    assert all(held + right == total for total, held, right in lied.values()), lied
    for kind in ("lifetime_stop", "unit_mixed"):  # no harmless one: both spoil the end itself, always
        assert kind not in lied or lied[kind][0] == lied[kind][1], lied[kind]


def test_everything_is_billed_to_the_cent_and_the_watt_hour_in_the_end(day: Lived):
    billed = day.standing()
    assert billed.keys() == day.charges.keys()
    assert wrong(day, billed) == []


def test_no_energy_is_missing(day: Lived):
    true = sum(charge.energy for charge in day.charges.values())
    unseen = sum(one.energy or 0 for one in day.unseen)
    waited = sum(charge.energy for key, charge in day.charges.items() if any(one.held for one in day.before[key]))
    assert unseen + waited == true
    assert sum(one.energy or 0 for one in day.records) == true


def test_records_are_numbered_without_a_gap(day: Lived):
    assert [one.number for one in day.records] == list(range(1, len(day.records) + 1))


def test_nothing_is_left_for_a_person(day: Lived):
    assert day.unread == []
    assert day.waiting == []


def test_the_figures(day: Lived, capsys: pytest.CaptureFixture[str]):
    """No test but a report; every line of it is asserted above."""
    with capsys.disabled():
        print("\n" + table(day))


def test_the_same_seed_gives_the_same_day(tmp_path: Path):
    def told(number: int) -> object:
        folder = tmp_path / str(number)
        folder.mkdir()
        one = run(folder, stations=6, seed=11)
        files = {path.name: path.read_text() for path in sorted(folder.glob("*.jsonl"))}
        billed = sorted((key, record.energy, record.gross) for key, found in one.standing().items() for record in found)
        return one.day.faults.counted, one.decided, billed, files

    assert told(1) == told(2)


# --- how a record is compared


def wrong(day: Lived, billed: dict[tuple[str, str], list[ChargeRecord]]) -> list[str]:
    """What is billed otherwise than it was, in words."""
    found: list[str] = []
    for key, records in billed.items():
        charge = day.charges.get(key)
        if charge is None or len(records) != 1:
            found.append(f"{key}: {len(records)} records stand" + ("" if charge else " for no charge"))
            continue
        record, (transaction, *_) = records[0], day.after[key]
        if record.energy != charge.energy:
            found.append(f"{key}: {record.energy} Wh are billed, {charge.energy} were used; {about(day, charge)}")
        elif (least := bounds(day, charge, transaction)[0]) > cents(record) or cents(record) > (
            bounds(day, charge, transaction)[1]
        ):
            found.append(f"{key}: {cents(record)} cents are billed, {least} were due; {about(day, charge)}")
    return found


def cents(record: ChargeRecord) -> int:
    """The gross amount; -1 where there is none."""
    return -1 if record.gross is None else int(record.gross * 100)


def about(day: Lived, charge: Charge) -> object:
    return day.day.told.get((charge.station, charge.transaction)), day.day.prices["stations"][charge.station]["price"]


def bounds(day: Lived, charge: Charge, transaction: Transaction) -> tuple[int, int]:
    """The least and the most that may be billed: one figure, unless nobody can know when energy flowed."""
    prices = day.day.prices
    if prices["stations"][charge.station]["price"] != "hours" or knowable(day, charge, transaction):
        exact = gross_cents(charge, prices)
        return exact, exact
    price = prices["prices"]["hours"]
    factor = 1 + Fraction(price["tax"]) / 100
    rates = [Fraction(one["price"]) * charge.energy / 1000 for one in price["energy"]]
    idle = Fraction(price["idle"]) * Fraction((charge.end - charge.begin).total_seconds()) / 60
    return int(min(rates) * factor * 100), int((max(rates) + idle) * factor * 100) + 1


def knowable(day: Lived, charge: Charge, transaction: Transaction) -> bool:
    """Whether the station told rightly when energy flowed, and nobody decided otherwise."""
    told = day.day.told.get((charge.station, charge.transaction), Told())
    version = next(one.version for one in day.day.stations if one.identity == charge.station)
    return version is not Version.V16 and told.true_clock and not told.lies and transaction.judgement.verdict is None


def fates(day: Lived) -> dict[str, tuple[int, int, int]]:
    """Of each kind of lie about a charge: how many charges, held for a person, billed rightly without one."""
    names = {charge.transaction: key for key, charge in day.charges.items()}
    billed = standing(day.unseen)
    total, held, right = Counter[str](), Counter[str](), Counter[str]()
    for (_, transaction), told in day.day.told.items():
        key = names[transaction]
        for kind in told.lies:
            total[kind] += 1
            held[kind] += any(one.held for one in day.before[key])
            right[kind] += key in billed and not wrong(day, {key: billed[key]})
    return {kind: (total[kind], held[kind], right[kind]) for kind in sorted(total)}


# --- what is reported


def table(day: Lived) -> str:
    """The figures of a day, for people."""
    true = sum(charge.energy for charge in day.charges.values())
    money = sum(cents(one) for one in day.records if one.kind is RecordKind.CHARGE)
    money -= sum(-cents(one) for one in day.records if one.kind is RecordKind.CREDIT)
    exact = sum(bounds(day, charge, day.after[key][0])[0] == bounds(day, charge, day.after[key][0])[1]
                for key, charge in day.charges.items())  # fmt: skip
    unseen = sum(one.energy or 0 for one in day.unseen)
    billed = sum(one.energy or 0 for one in day.records)
    faults = sorted(day.day.faults.counted.items())
    lines = [
        f"{len(day.day.stations)} stations, {RATE:.0%} faults of every kind",
        f"visits            {dict(day.day.visits)}",
        f"charges           {len(day.charges)}, {exact} comparable to the cent, all to the watt-hour",
        f"energy (kWh)      {true / 1000} used, {billed / 1000} billed, {unseen / 1000} of it before anybody decided",
        f"money             {money / 100:.2f} EUR in {len(day.records)} records",
        "faults            " + ", ".join(f"{kind} {count}" for kind, count in faults),
        "lies about charges: charges, of them held, of them billed rightly all the same",
        *(f"  {kind:<16} {total:>5} {held:>5} {right:>5}" for kind, (total, held, right) in fates(day).items()),
        "decided by a person",
        *(f"  {count:>4}  {kind} -> {ruling}" for (kind, ruling), count in sorted(day.decided.items())),
    ]
    return "\n".join(lines)
