"""A dialect: how one OCPP version says what the house thinks.

OCPP is made of exchanges, a request and its response; each is translated by one class of four functions:
`read` a wire request into the neutral word, `write` it, `answer` in the wire's words, `hear` an answer. Both
sides use them: the CSMS reads and answers what stations say and writes and hears commands, the station in
software the other way round. The neutral word of what a station tells is an observation (answered by a
decision), that of a command the OCPP 2.1 request itself (D3).

The law: `read(write(x)) == x` and `hear(answer(d)) == d`, up to the fields an exchange declares in `drops`,
each with its reason (R5). What a version cannot say raises NotSpoken before the wire. A dialect is a few
dictionary look-ups: no message is inspected twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar

from amperanto.dialects.context import StationContext
from amperanto.dialects.errors import NotSpoken
from amperanto.domain.decisions import Decision, TransactionDecision
from amperanto.domain.observations import Observation
from amperanto.ocpp.catalogue import exchange, speaks
from amperanto.ocpp.shapes import Message, Response
from amperanto.ocpp.versions import Version

Neutral: TypeAlias = Observation | Message
"""What is asked or told: an observation, or a request of OCPP 2.1."""
Said: TypeAlias = Decision | Response
"""What is answered: a decision, or a response of OCPP 2.1."""

Kinds: TypeAlias = type | tuple[type, ...]


class Exchange(Protocol):
    """What the class of an exchange is made of."""

    @staticmethod
    def read(wire: Any, context: StationContext, /) -> Neutral: ...

    @staticmethod
    def write(neutral: Any, context: StationContext, /) -> Message | Sequence[Message]: ...

    @staticmethod
    def answer(wire: Any, said: Any, context: StationContext, /) -> Response: ...

    @staticmethod
    def hear(neutral: Any, answer: Any, context: StationContext, /) -> Said: ...


E = TypeVar("E", bound=Exchange)


@dataclass(frozen=True, slots=True)
class Translation:
    """One exchange of one family: wire requests, neutral words, and the four functions between."""

    name: str
    wires: tuple[type[Message], ...]
    neutrals: tuple[type, ...]
    drops: Mapping[str, str]
    several: bool
    read: Callable[[Any, StationContext], Neutral]
    write: Callable[[Any, StationContext], Any]
    answer: Callable[[Any, Any, StationContext], Response]
    hear: Callable[[Any, Any, StationContext], Said]
    tells: Callable[[Any, Any, StationContext], Observation | None] | None = None


class Exchanges:
    """The exchanges of one type family, filled by the `exchange` decorator of its block files."""

    def __init__(self, family: str) -> None:
        self.family = family
        self.translations: list[Translation] = []
        self.reasons: dict[type, str] = {}
        self.acknowledgements: dict[str, Callable[[TransactionDecision], Response | None]] = {}

    def exchange(
        self, wire: Kinds, neutral: Kinds, *, drops: Mapping[str, str] | None = None, several: bool = False
    ) -> Callable[[type[E]], type[E]]:
        """Register a class of `read`, `write`, `answer`, `hear`.

        `drops` names what is lost or restored on our side, and why; names of the answer begin with "answer.".
        With `several`, `write` returns a list of wire requests and `hear` is given the list of answers. A class that
        has a `tells` gives the observation that stands in the answers (what 2.x tells by a call of its own).
        """

        def register(kind: type[E]) -> type[E]:
            self.translations.append(
                Translation(
                    kind.__name__,
                    wire if isinstance(wire, tuple) else (wire,),
                    neutral if isinstance(neutral, tuple) else (neutral,),
                    drops or {},
                    several,
                    kind.read,
                    kind.write,
                    kind.answer,
                    kind.hear,
                    getattr(kind, "tells", None),
                )
            )
            return kind

        return register

    def never(self, kinds: tuple[type, ...], reason: str) -> None:
        """Declare neutral words this family does not say, with the reason a person is given."""
        self.reasons.update(dict.fromkeys(kinds, reason))

    def acknowledge(self, action: str) -> Callable[[Callable[[TransactionDecision], Response | None]], None]:
        """Register how a report is acknowledged that could not be read (R8)."""

        def register(answer: Callable[[TransactionDecision], Response | None]) -> None:
            self.acknowledgements[action] = answer

        return register


class Dialect:
    """One OCPP version, spoken by both sides. `native`: its requests are neutral words themselves (2.x)."""

    def __init__(self, version: Version, exchanges: Exchanges, *, native: bool) -> None:
        self.version = version
        # B01.FR.10 obliges 2.x to refuse what comes before an accepted boot; 1.6 only recommends it.
        self.lenient_before_boot = not native
        self._native = native
        self._reasons = exchanges.reasons
        self._acknowledgements = exchanges.acknowledgements
        spoken = [one for one in exchanges.translations if any(speaks(version, wire) for wire in one.wires)]
        self._by_wire = {wire: one for one in spoken for wire in one.wires if speaks(version, wire)}
        self._by_neutral = {neutral: one for one in spoken for neutral in one.neutrals}

    def read(self, request: Message, context: StationContext) -> Neutral:
        """What the other side asks or tells, in neutral words. Raises NotSpoken where this house has none."""
        found = self._by_wire.get(type(request))
        if found is not None:
            return found.read(request, context)
        if self._passes(type(request)):
            return request
        raise NotSpoken(f"{request.action} of OCPP {self.version} is not understood here yet")

    def answer(self, request: Message, said: Said, context: StationContext) -> Response:
        """The answer to a wire request that was read, in its own words."""
        found = self._by_wire.get(type(request))
        if found is not None:
            return found.answer(request, said, context)
        if isinstance(said, Response):
            return said
        raise NotSpoken(f"{type(said).__name__} is no answer to {request.action} of OCPP {self.version}")

    def write(self, neutral: Neutral, context: StationContext) -> list[Message]:
        """The wire requests that say it, in order; none where nothing needs to be asked.

        Raises NotSpoken, before anything is sent, for what this version cannot say.
        """
        found = self._by_neutral.get(type(neutral))
        if found is not None:
            written = found.write(neutral, context)
            return written if found.several else [written]
        if isinstance(neutral, Message) and self._passes(type(neutral)):
            return [neutral]
        raise NotSpoken(self.why_not(type(neutral)) or "it cannot be said")

    def hear(self, neutral: Neutral, answers: list[Response], context: StationContext) -> Said:
        """What the other side answered to all that `write` returned, in neutral words."""
        found = self._by_neutral.get(type(neutral))
        if found is None:
            return answers[0]
        return found.hear(neutral, answers if found.several else answers[0], context)

    def told(self, neutral: Neutral, answers: list[Response], context: StationContext) -> Observation | None:
        """What the answers to all that `write` returned tell beyond the answer itself, if anything."""
        found = self._by_neutral.get(type(neutral))
        if found is None or found.tells is None:
            return None
        return found.tells(neutral, answers if found.several else answers[0], context)

    def can(self, neutral: type, context: StationContext | None = None) -> bool:
        """Whether this version has words for it: the dialect has the exchange, and the version the action."""
        return self.why_not(neutral, context) is None

    def why_not(self, neutral: type, context: StationContext | None = None) -> str | None:
        """Why this version has no words for it, for a person to read; None when it has."""
        if neutral in self._by_neutral or self._passes(neutral):
            return None
        if neutral in self._reasons:
            return self._reasons[neutral]
        name = neutral.action if issubclass(neutral, Message) else neutral.__name__
        return f"OCPP {self.version} has no {name}"

    def acknowledgement(self, action: str, decision: TransactionDecision | None = None) -> Response | None:
        """A valid answer to a message nobody could read or nobody listens to (R8), None where there is none.

        Empty where the response has no required field; StartTransaction takes its number from `decision`.
        """
        own = self._acknowledgements.get(action)
        if own is not None:
            return own(decision or TransactionDecision())
        known = exchange(self.version, action)
        if known is None or known.response is None:
            return None
        return None if _required(known.response) else known.response()

    def _passes(self, kind: type) -> bool:
        return self._native and speaks(self.version, kind)


def _required(kind: type[Response]) -> bool:
    """Whether the response has a field that must be said."""
    return len(kind.__struct_fields__) > len(kind.__struct_defaults__)
