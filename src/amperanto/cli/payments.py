"""`amperanto payments`: money held for a charge without a contract, and what became of it."""

from __future__ import annotations

from typing import Any

import click
from rich_click import RichGroup

from amperanto.cli.client import Node, node_options, place
from amperanto.cli.failure import Failure
from amperanto.cli.output import console, json_option, moment, print_json, print_table

COLUMNS = {
    "id": "payment",
    "station": "station",
    "kind": "kind",
    "state": "state",
    "held": "held",
    "used": "used",
    "paid": "taken",
    "begun": "since",
}
STATES = ["Asked", "Authorized", "Charging", "Used", "Settled", "Canceled", "Rejected", "Failed"]
PATIENCE = 75.0


@click.group(cls=RichGroup)
def payments() -> None:
    """Money held for a charge without a contract (OCPP 2.1)."""


@payments.command("add")
@click.argument("identity")
@click.argument("amount")
@click.argument("currency")
@click.option("--evse", type=click.IntRange(min=1), default=1, metavar="N", help="At which EVSE.  [default: 1]")
@click.option("--max-cost", metavar="AMOUNT", help="What the charge may cost, if less than is held.")
@click.option("--max-energy", type=click.IntRange(min=1), metavar="WH", help="What it may take, in Wh.")
@click.option("--max-time", type=click.IntRange(min=1), metavar="SECONDS", help="How long it may last.")
@json_option
@node_options
def add(identity: str, amount: str, currency: str, *, node: Node, as_json: bool, **given: Any) -> None:
    """Hold AMOUNT of CURRENCY and start the station IDENTITY with it."""
    named = {name: value for name, value in given.items() if value is not None}
    body = {"station": identity, "amount": amount, "currency": currency, **named}
    made: dict[str, Any] = node.post("/payments", body, patience=PATIENCE)
    if as_json:
        print_json(made)
    if made["state"] != "Authorized":
        raise Failure(f"the payment is {made['state']}: {made['problem'] or 'the provider has not answered yet'}.")
    if not as_json:
        console().print(f"{amount} {currency} is held: payment {made['id']}. Plug in.", markup=False)


@payments.command("list")
@click.option("--station", metavar="IDENTITY", help="Only those of this station.")
@click.option("--state", type=click.Choice(STATES), help="Only those that stand so.")
@json_option
@node_options
def list_(*, node: Node, as_json: bool, station: str | None, state: str | None) -> None:
    """List the payments, the newest first."""
    known = node.all("/payments", station=station, state=state)
    if as_json:
        print_json(known)
    else:
        print_table(COLUMNS, [_row(one) for one in known])


@payments.command("cancel")
@click.argument("payment")
@json_option
@node_options
def cancel(payment: str, *, node: Node, as_json: bool) -> None:
    """Give back what PAYMENT holds and nobody used yet."""
    _say(node.post(f"/payments/{place(payment)}/cancel", {}, patience=PATIENCE), as_json=as_json)


@payments.command("settle")
@click.argument("payment")
@click.argument("cost")
@json_option
@node_options
def settle(payment: str, cost: str, *, node: Node, as_json: bool) -> None:
    """Say that the charge of PAYMENT came to COST."""
    _say(node.post(f"/payments/{place(payment)}/settle", {"cost": cost}, patience=PATIENCE), as_json=as_json)


def _say(payment: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(payment)
    else:
        console().print(f"The payment is {payment['state']}; {_row(payment)['paid']} was taken.", markup=False)


def _row(payment: dict[str, Any]) -> dict[str, Any]:
    currency = payment["currency"] or ""

    def money(figure: str | None) -> str:
        return "" if figure is None else f"{figure} {currency}".strip()

    taken = money(payment["captured"])
    if payment["refunded"].strip("0."):
        taken += f", {money(payment['refunded'])} given back"
    return payment | {
        "held": money(payment["authorized"]),
        "used": money(payment["cost"]),
        "paid": taken,
        "begun": moment(payment["created_at"]),
    }
