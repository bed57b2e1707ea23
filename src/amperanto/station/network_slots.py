"""B09: the network profiles a station keeps, by slot, and what may be put there.

The slots are one memory with two doors: SetNetworkProfile, and in 2.1 the variables of NetworkConfiguration, one
instance per slot (device_model §3). Neither writes a slot that is in NetworkConfigurationPriority or in use, nor lowers
the security profile. A slot that is added to the priority must hold what is needed to connect. A secret is written
and never told; a new Identity or BasicAuthPassword of SecurityCtrlr clears that of the active profile, so it holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from urllib.parse import urlsplit

from amperanto.ocpp import v2
from amperanto.station.controllers import READ, Address, Variable, split
from amperanto.station.device_model import DeviceModel

SLOTS = (1, 2)
BUILT_IN = 1
"""The slot that holds what the station was built with."""
COMPONENT = "NetworkConfiguration"
PRIORITY = Address("OCPPCommCtrlr", "NetworkConfigurationPriority")
OWN = ("Identity", "BasicAuthPassword")
"""What SecurityCtrlr and a profile both have; the profile's goes first."""
INTERFACES = tuple(one.value for one in v2.OCPPInterface)
WRITE_ONLY = v2.Mutability.WRITE_ONLY
BASIC = (1, 2)
"""The security profiles that need a password."""


@dataclass(frozen=True, slots=True)
class NetworkProfile:
    """Where and as whom a station connects; `url` is without the identity, None stands for the station's own."""

    url: str = ""
    security_profile: int = 1
    identity: str | None = None
    password: str | None = field(default=None, repr=False)


class NetworkSlots:
    """The slots of one station; `active` is the one it connected by last."""

    def __init__(self, variables: DeviceModel, own: NetworkProfile) -> None:
        self.active = BUILT_IN
        self._variables = variables
        self._edited: set[int] = set()
        self._values = {slot: {name: variable.value for name, variable in VARIABLES.items()} for slot in SLOTS}
        self._values[BUILT_IN] |= {
            "OcppCsmsUrl": own.url,
            "SecurityProfile": str(own.security_profile),
            "Identity": own.identity or "",
            "BasicAuthPassword": own.password or "",
        }
        self._declared: set[str] = set()
        variables.checks.append(self._refuse)

    def declare_active(self) -> None:
        """Tell which slot the station is connected by."""
        active = Variable(address=Address("OCPPCommCtrlr", "ActiveNetworkProfile"), value="", mutability=READ)
        self._variables.compute(active, lambda: str(self.active))

    def declare_slots(self) -> None:
        """Tell the slots as NetworkConfiguration (2.1)."""
        for slot in SLOTS:
            for name, variable in VARIABLES.items():
                address = replace(variable.address, component_instance=str(slot))
                value, keep = partial(self._value, slot, name), partial(self._keep, slot, name)
                self._variables.compute(replace(variable, address=address), value, keep)

    def declare_own(self) -> None:
        """Let Identity and BasicAuthPassword be set for all profiles (A01, B09.FR.26, FR.27)."""
        for name in OWN:
            variable = VARIABLES[name]
            self._variables.declare(replace(variable, address=Address("SecurityCtrlr", name)))
            self._declared.add(name)
        self._variables.changed.append(self._clear)

    def profile(self, slot: int) -> NetworkProfile:
        """What the station connects by in that slot."""
        kept = self._values[slot]
        return NetworkProfile(
            url=kept["OcppCsmsUrl"],
            security_profile=int(kept["SecurityProfile"]),
            identity=self._own(slot, "Identity"),
            password=self._own(slot, "BasicAuthPassword"),
        )

    def put(self, slot: int, told: v2.NetworkConnectionProfile) -> None:
        """Keep a whole profile; what it leaves out is gone."""
        kept = {name: variable.value for name, variable in VARIABLES.items()} | {
            "OcppCsmsUrl": told.ocpp_csms_url,
            "OcppInterface": str(told.ocpp_interface),
            "OcppTransport": str(told.ocpp_transport),
            "MessageTimeout": str(told.message_timeout),
            "SecurityProfile": str(told.security_profile),
            "Identity": v2.or_none(told.identity) or "",
            "BasicAuthPassword": v2.or_none(told.basic_auth_password) or "",
        }
        self._values[slot] = kept
        self._edited.add(slot)

    def locked(self, slot: int) -> bool:
        """Whether nobody may write it: it is in the priority, or in use."""
        return slot == self.active or str(slot) in self._variables.words(PRIORITY.component, PRIORITY.variable)

    def refuses(self, security_profile: int) -> bool:
        """Whether a profile is less secure than what the station has."""
        return security_profile < self._variables.number("SecurityCtrlr", "SecurityProfile")

    def _value(self, slot: int, name: str) -> str:
        return self._values[slot][name]

    def _keep(self, slot: int, name: str, value: str) -> None:
        self._values[slot][name] = value
        self._edited.add(slot)

    def _own(self, slot: int, name: str) -> str | None:
        """The profile's own, else the station's for all profiles, None where neither was ever set."""
        shared = self._variables.text("SecurityCtrlr", name) if name in self._declared else ""
        return self._values[slot][name] or shared or None

    def _clear(self, changed: Address) -> None:
        if changed.component == "SecurityCtrlr" and changed.variable in OWN:
            self._values[self.active][changed.variable] = ""

    # --- what is refused

    def _refuse(self, address: Address, value: str) -> str | None:
        """Why a value may not be set although it is one: the reason codes of the errata."""
        if address == PRIORITY:
            now = self._variables.words(PRIORITY.component, PRIORITY.variable)
            added = [int(slot) for slot in split(value) if slot not in now]
            return next((why for slot in added if (why := self._incomplete(slot))), None)
        if address.component == COMPONENT:
            if address.component_instance is not None and self.locked(int(address.component_instance)):
                return "ActiveNetworkConf"
            if address.variable == "SecurityProfile" and self.refuses(int(value)):
                return "NoSecurityDowngrade"
        if address.variable == "BasicAuthPassword" and len(value) < SHORTEST:
            return "InvalidValue"
        return None

    def _incomplete(self, slot: int) -> str | None:
        """What keeps a slot from being connected by."""
        if slot == BUILT_IN and slot not in self._edited:
            return None
        told = self.profile(slot)
        if self.refuses(told.security_profile):
            return "NoSecurityDowngrade"
        address = urlsplit(told.url)
        schemes = ("wss",) if told.security_profile > 1 else ("ws", "wss")
        return None if address.scheme in schemes and address.hostname else "InvalidNetworkConf"


SHORTEST, LONGEST = 16, 64
"""Characters of a password."""


def _text(name: str, value: str = "", **rest: object) -> Variable:
    return replace(Variable(address=Address(COMPONENT, name), value=value), **rest)  # type: ignore[arg-type]


def _choice(name: str, value: str, choices: tuple[str, ...]) -> Variable:
    return _text(name, value, data=v2.Data.OPTION_LIST, choices=choices)


def _number(name: str, value: int, least: int, most: int | None = None) -> Variable:
    return _text(name, str(value), data=v2.Data.INTEGER, least=least, most=most)


def _absent(name: str) -> Variable:
    return _text(name, "false", data=v2.Data.BOOLEAN, mutability=READ)


VARIABLES = {
    variable.address.variable: variable
    for variable in (
        _text("OcppCsmsUrl", longest=2000),
        _choice("OcppInterface", "Any", INTERFACES),
        _choice("OcppTransport", "JSON", ("JSON",)),
        _choice("OcppVersion", "OCPP21", ("OCPP16", "OCPP20", "OCPP201", "OCPP21")),
        _number("MessageTimeout", 30, 1),
        _number("SecurityProfile", 1, 0, 3),
        _text("Identity", longest=48),
        _text("BasicAuthPassword", mutability=WRITE_ONLY, longest=LONGEST),
        _absent("VpnEnabled"),
        _absent("ApnEnabled"),
    )
}
"""What a slot holds, with what an empty one has."""
