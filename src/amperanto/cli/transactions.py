"""`amperanto transactions`: what was charged, what is doubtful about it, and what it is billed by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich_click import RichGroup

from amperanto.cli.client import Node, node_options, place
from amperanto.cli.output import amount, console, joined, json_option, kwh, moment, print_json, print_table

COLUMNS = {
    "id": "transaction",
    "station": "station",
    "evse": "EVSE",
    "who": "token",
    "began": "started",
    "ended": "ended",
    "kwh": "kWh",
    "standing": "state",
    "number": "record",
    "amount": "amount",
}
STATES = ["Open", "Ended"]


def _filters(command: Any) -> Any:
    """The options that narrow a list."""
    for option in reversed([
        click.option("--station", metavar="IDENTITY", help="Only those at this station."),
        click.option("--state", type=click.Choice(STATES), help="Only those that run, or that ended."),
        click.option("--token", metavar="UID", help="Only those of this token."),
        click.option("--held/--not-held", default=None, help="Only those that wait for a decision, or that do not."),
        click.option("--from", "since", metavar="TIME", help="Only those started then or later."),
        click.option("--to", "until", metavar="TIME", help="Only those started before."),
    ]):  # fmt: skip
        command = option(command)
    return command


@click.group(cls=RichGroup)
def transactions() -> None:
    """What was charged, what is doubtful about it, what it is billed by."""


@transactions.command("list")
@_filters
@json_option
@node_options
def list_(*, node: Node, as_json: bool, **given: Any) -> None:
    """List the transactions, the newest first."""
    known = node.all("/transactions", **_query(given))
    if as_json:
        print_json(known)
    else:
        print_table(COLUMNS, [_row(one) for one in known], nothing="Nothing of that kind was charged yet.")


@transactions.command("show")
@click.argument("transaction")
@json_option
@node_options
def show(transaction: str, *, node: Node, as_json: bool) -> None:
    """Tell all about TRANSACTION: both clocks, doubts, the decision, its charge record, its signed readings."""
    found: dict[str, Any] = node.get(f"/transactions/{place(transaction)}")
    signed: dict[str, Any] = node.get(f"/transactions/{place(transaction)}/signed-values")
    if as_json:
        print_json({**found, "signed_outcome": signed["outcome"]})
        return
    print_table(COLUMNS, [_row(found)])
    for line in [*_clock_lines(found["clocks"]), *_doubt_lines(found), *_bill_lines(found)]:
        console().print(line, markup=False)
    console().print(f"signed readings: {signed['outcome']}: {signed['words']}", markup=False)


@transactions.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--format", "form", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True, help="The file's form."
)
@_filters
@node_options
def export(file: Path, *, node: Node, form: str, **given: Any) -> None:
    """Write all the transactions that the list would show to FILE."""
    with file.open("wb") as out:
        for part in node.download("/transactions/export", format=form, **_query(given)):
            out.write(part)
    console().print(f"Written to {file}.", markup=False)


def _query(given: dict[str, Any]) -> dict[str, Any]:
    held: bool | None = given["held"]
    return {
        "station": given["station"],
        "state": given["state"],
        "token": given["token"],
        "held": None if held is None else str(held).lower(),
        "from": given["since"],
        "to": given["until"],
    }


def _clock_lines(clocks: dict[str, Any]) -> list[str]:
    lines = [
        f"{name}: {moment(clocks[f'{name}_at'])} by the station, heard {moment(clocks[f'{name}_heard_at']) or '–'}"
        for name in ("started", "ended")
        if clocks[f"{name}_at"] is not None
    ]
    return [*lines, f"billed times: {clocks['rule']}"]


def _doubt_lines(found: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    doubts: list[dict[str, Any]] = found["findings"]
    for doubt in doubts:
        figures: dict[str, str] = doubt["evidence"]
        told = joined([f"{name} {text}" for name, text in figures.items()])
        lines.append(f"{doubt['kind']}: {doubt['words']}{told and f' ({told})'}")
    if found["held"]:
        lines.append(f"held for review {found['review']}: settle it with 'amperanto reviews settle'")
    verdict: dict[str, Any] | None = found["verdict"]
    if verdict is not None:
        lines.append(f"decided: {verdict['ruling']} by {verdict['by']}: {verdict['reason']}")
    return lines


def _bill_lines(found: dict[str, Any]) -> list[str]:
    record: dict[str, Any] | None = found["record"]
    if record is None:
        return ["charge record: none yet"]
    told = f"charge record: {record['number']} ({record['kind']}), {_amount(record)}"
    return [f"{told}; see 'amperanto records show {record['number']}'"]


def _amount(record: dict[str, Any]) -> str:
    return "not priced" if record["gross"] is None else f"{amount(record['gross'])} {record['currency']}"


def _row(one: dict[str, Any]) -> dict[str, Any]:
    token: dict[str, Any] | None = one["token"]
    record: dict[str, Any] | None = one["record"]
    return {
        **one,
        "who": None if token is None else token["uid"],
        "began": moment(one["started_at"]),
        "ended": moment(one["ended_at"]),
        "kwh": kwh(one["energy_wh"]),
        "standing": "held" if one["held"] else one["state"],
        "number": None if record is None else record["number"],
        "amount": None if record is None else _amount(record),
    }
