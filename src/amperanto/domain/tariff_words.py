"""A tariff in OCPP 2.1's own words, as JSON: what SetDefaultTariff, ChangeTransactionTariff and Authorize carry.

`to_words` gives the JSON object of a TariffType, `from_words` reads one; a program that has 2.1's message classes
converts from and to plain objects. What 2.1 has no word for (prices with tax, steps, seasons, a grace) must be said in
other words first: `local_tariffs.py`. Figures are JSON numbers, which keep the digits of every price that is allowed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from amperanto.domain.quantities import exact
from amperanto.domain.tariffs import (
    ANY_TIME,
    Component,
    Conditions,
    Description,
    Dimension,
    Element,
    EvseKind,
    Limit,
    Tariff,
    TaxRate,
    Weekday,
)

PRICES = {
    Dimension.ENERGY: "priceKwh",
    Dimension.CHARGING_TIME: "priceMinute",
    Dimension.IDLE_TIME: "priceMinute",
    Dimension.RESERVATION_TIME: "priceMinute",
    Dimension.FIXED_FEE: "priceFixed",
    Dimension.RESERVATION_FIXED: "priceFixed",
}
_FIELDS = {
    Dimension.ENERGY: "energy",
    Dimension.CHARGING_TIME: "charging_time",
    Dimension.IDLE_TIME: "idle_time",
    Dimension.RESERVATION_TIME: "reservation_time",
    Dimension.FIXED_FEE: "fixed_fee",
    Dimension.RESERVATION_FIXED: "reservation_fixed",
}
_FIGURES = {
    f"{bound}{what}": f"{bound}_{what.lower()}" for bound in ("min", "max") for what in ("Energy", "Current", "Power")
}
_DURATIONS = {
    f"{bound}{word}": f"{bound}_{name}"
    for bound in ("min", "max")
    for word, name in (("Time", "time"), ("ChargingTime", "charging_time"), ("IdleTime", "idle_time"))
}
_TEXTS = {"paymentBrand": "payment_brand", "paymentRecognition": "payment_recognition"}

Words = dict[str, Any]


def to_words(tariff: Tariff) -> Words:
    """The JSON object of this tariff; what 2.1 has no word for is left out."""
    said: Words = {"tariffId": tariff.id, "currency": tariff.currency}
    if tariff.description:
        said["description"] = [_described(one) for one in tariff.description]
    if tariff.valid_from is not None:
        said["validFrom"] = tariff.valid_from.isoformat().replace("+00:00", "Z")
    for dimension, component in tariff.components():
        said[dimension.value] = _component_words(dimension, component)
    for word, limit in (("minCost", tariff.min_cost), ("maxCost", tariff.max_cost)):
        if limit is not None:
            said[word] = _limit_words(limit)
    return said


def from_words(words: Mapping[str, Any]) -> Tariff:
    """The tariff a JSON object says. Raises ImpossibleQuantity and ValueError for what no tariff can say."""
    found: dict[str, Any] = {
        _FIELDS[dimension]: _component(dimension, words[dimension.value])
        for dimension in Dimension
        if words.get(dimension.value) is not None
    }
    valid_from = words.get("validFrom")
    if isinstance(valid_from, str):
        valid_from = datetime.fromisoformat(valid_from)
    return Tariff(
        id=words["tariffId"],
        currency=words["currency"],
        description=tuple(
            Description(content=one["content"], language=one.get("language"), format=one["format"])
            for one in words.get("description") or ()
        ),
        valid_from=valid_from,
        min_cost=_limit(words.get("minCost")),
        max_cost=_limit(words.get("maxCost")),
        **found,
    )


def tax_words(taxes: Sequence[TaxRate]) -> list[Words]:
    """Taxes as a list of 2.1's TaxRateType."""
    return [{"type": rate.type, "tax": float(rate.tax), "stack": rate.stack} for rate in taxes]


def _described(one: Description) -> Words:
    said = {"format": one.format, "content": one.content}
    return said if one.language is None else {**said, "language": one.language}


def _component_words(dimension: Dimension, component: Component) -> Words:
    prices = [
        {PRICES[dimension]: float(element.price)}
        if element.conditions == ANY_TIME
        else {PRICES[dimension]: float(element.price), "conditions": _condition_words(element.conditions)}
        for element in component.prices
    ]
    said: Words = {"prices": prices}
    return {**said, "taxRates": tax_words(component.taxes)} if component.taxes else said


def _condition_words(conditions: Conditions) -> Words:
    said: Words = {}
    for word, at in (("startTimeOfDay", conditions.start_time), ("endTimeOfDay", conditions.end_time)):
        if at is not None:
            said[word] = f"{at:%H:%M}"
    if conditions.days:
        said["dayOfWeek"] = [day.value for day in conditions.days]
    for word, day in (("validFromDate", conditions.from_date), ("validToDate", conditions.to_date)):
        if day is not None:
            said[word] = day.isoformat()
    if conditions.evse_kind is not None:
        said["evseKind"] = conditions.evse_kind.value
    for names, spelled in ((_FIGURES, float), (_DURATIONS, int), (_TEXTS, str)):
        for word, name in names.items():
            stated = getattr(conditions, name)
            if stated is not None:
                said[word] = spelled(stated)
    return said


def _limit_words(limit: Limit) -> Words:
    said: Words = {}
    if limit.excl_tax is not None:
        said["exclTax"] = float(limit.excl_tax)
    if limit.incl_tax is not None:
        said["inclTax"] = float(limit.incl_tax)
    return {**said, "taxRates": tax_words(limit.taxes)} if limit.taxes else said


def _component(dimension: Dimension, words: Mapping[str, Any]) -> Component:
    prices = tuple(
        Element(price=exact(one[PRICES[dimension]]), conditions=_conditions(one.get("conditions")))
        for one in words["prices"]
    )
    return Component(prices=prices, taxes=_taxes(words.get("taxRates")))


def _taxes(words: Sequence[Mapping[str, Any]] | None) -> tuple[TaxRate, ...]:
    return tuple(
        TaxRate(type=one["type"], tax=exact(one["tax"]), stack=int(one.get("stack") or 0)) for one in words or ()
    )


def _conditions(words: Mapping[str, Any] | None) -> Conditions:
    if not words:
        return ANY_TIME
    stated: dict[str, Any] = {name: words[word] for word, name in _TEXTS.items() if word in words}
    stated |= {name: exact(words[word]) for word, name in _FIGURES.items() if word in words}
    stated |= {name: int(words[word]) for word, name in _DURATIONS.items() if word in words}
    return Conditions(
        start_time=_parsed(time.fromisoformat, words.get("startTimeOfDay")),
        end_time=_parsed(time.fromisoformat, words.get("endTimeOfDay")),
        days=tuple(Weekday(day) for day in words.get("dayOfWeek") or ()),
        from_date=_parsed(date.fromisoformat, words.get("validFromDate")),
        to_date=_parsed(date.fromisoformat, words.get("validToDate")),
        evse_kind=_parsed(EvseKind, words.get("evseKind")),
        **stated,
    )


def _parsed(parse: Any, words: str | None) -> Any:
    return None if words is None else parse(str(words))


def _limit(words: Mapping[str, Any] | None) -> Limit | None:
    if words is None:
        return None
    figures: list[Decimal | None] = [exact(words[word]) if word in words else None for word in ("exclTax", "inclTax")]
    return Limit(excl_tax=figures[0], incl_tax=figures[1], taxes=_taxes(words.get("taxRates")))
