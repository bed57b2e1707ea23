"""The import table of the house, and the walls it stands for.

`ROOMS` is the one place where the table is kept: the tests below hold every file of `src/amperanto` to it,
and `tools/print_docs.py` prints it into ARCHITECTURE.md. A room that is not built yet is not in it. An entry
names the rooms a room may import and the libraries it may import; the standard library is free for all but
`ocpp`, which is sans-IO.
"""

import ast
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "amperanto"
EVERYTHING = "everything"


class Room(NamedTuple):
    """What a room may import, and the sentence that goes into ARCHITECTURE.md."""

    rooms: str
    libraries: str
    never: str = ""


ROOMS = {
    "ocpp": Room("", "msgspec jsonschema_rs", "asyncio, sockets, any other room"),
    "domain": Room("", "", "anything else at all"),
    "hooks": Room("domain", "", "`ocpp`"),
    "settings": Room("", "msgspec"),
    "stores": Room("domain", "sqlalchemy alembic asyncpg msgspec", "`ocpp`"),
    "bus": Room("domain", "", "`ocpp`"),
    "dialects": Room("ocpp domain", "msgspec"),
    "transport": Room("ocpp", "websockets", "`domain`"),
    "csms": Room(
        "domain stores bus hooks settings ocpp.v2 ocpp.errors",
        "msgspec structlog argon2 cryptography prometheus_client",
        "`ocpp.v16`, frames, dialects, any door",
    ),
    "station": Room("domain dialects transport ocpp", "", "`csms`, `stores`"),
    "conformance": Room("ocpp transport", "", "`dialects`, `csms`, `station`: nothing that could share a misreading"),
    "gateway": Room(
        "csms dialects transport ocpp domain hooks settings",
        "msgspec structlog prometheus_client",
        "other doors",
    ),
    "api": Room(
        "csms domain hooks settings ocpp.v2 ocpp.errors",
        "litestar uvicorn msgspec structlog prometheus_client",
        "`stores`, other doors",
    ),
    "app": Room(
        "gateway api csms stores bus dialects transport ocpp domain hooks settings",
        "litestar uvicorn uvloop structlog msgspec prometheus_client",
        "`station`",
    ),
    "cli": Room("app station settings", "rich_click click rich httpx2 msgspec uvloop structlog"),
    "testing": Room(EVERYTHING, "msgspec"),
}
SPEAKS_16 = ("ocpp", "dialects.v16", "dialects.quirks", "station", "conformance", "testing")
GENERATED = ("ocpp.v16", "ocpp.v2")
WEBSOCKETS_ONLY_IN = "transport.websocket"
SANS_IO = {"asyncio", "socket", "ssl", "threading", "selectors", "time"}
OPTIONAL_ADAPTERS: set[str] = set()  # files that may import inside a function: none is built yet
WALL = 500

FILES = {
    ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(SOURCE.rglob("*.py"))
}
TREES = {name: ast.parse(path.read_text()) for name, path in FILES.items()}


def below(name: str, *places: str) -> bool:
    """Is this module one of the places, or inside one?"""
    return any(name == place or name.startswith(place + ".") for place in places)


def imports(name: str, tree: ast.AST) -> set[str]:
    """Every module a file names in an import; our own without the leading `amperanto.`."""
    package = ["amperanto", *name.split(".")]
    if FILES[name].name != "__init__.py":
        package.pop()
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*origin, *(node.module or "").split(".")]).strip(".")
            whole = [f"{module}.{alias.name}" for alias in node.names]
            ours = [one for one in whole if one.removeprefix("amperanto.") in FILES]
            found.update(ours if len(ours) == len(whole) else [*ours, module])
    return {one.removeprefix("amperanto.") if one.startswith("amperanto.") else one for one in found}


IMPORTS = {name: imports(name, tree) for name, tree in TREES.items()}
INSIDE = {name: {one for one in found if one in FILES} for name, found in IMPORTS.items()}
HOUSE = [name for name in FILES if name not in ("__init__", "__main__")]


@pytest.mark.parametrize("name", HOUSE)
def test_a_file_imports_only_what_its_room_may(name: str) -> None:
    own = name.split(".")[0]
    assert own in ROOMS, f"{own} is no room of the house: add it to ROOMS, with a reason in docs/decisions"
    room = ROOMS[own]
    for one in IMPORTS[name] - {"amperanto", "__future__"}:
        top = one.split(".")[0]
        if one in FILES or top in ROOMS:
            allowed = room.rooms == EVERYTHING or below(one, own, *room.rooms.split())
            assert allowed, f"{name} imports {one}"
            assert top != "testing", f"{name} imports what is for tests"
        elif top not in sys.stdlib_module_names:
            assert top in room.libraries.split(), f"{name} imports the library {top}"


@pytest.mark.parametrize("name", [name for name in HOUSE if name.split(".")[0] == "ocpp"])
def test_the_protocol_knows_neither_sockets_nor_clocks(name: str) -> None:
    assert not {one.split(".")[0] for one in IMPORTS[name]} & SANS_IO


def test_websockets_is_imported_in_one_place() -> None:
    users = {name for name in HOUSE if any(below(one, "websockets") for one in IMPORTS[name])}
    assert [name for name in users if not below(name, WEBSOCKETS_ONLY_IN)] == []


def test_only_few_speak_1_6() -> None:
    users = {name for name in HOUSE if any(below(one, "ocpp.v16") for one in IMPORTS[name])}
    assert [name for name in users if not below(name, *SPEAKS_16)] == []


def test_no_file_imports_itself_by_a_detour() -> None:
    for start in INSIDE:
        seen, ahead = set[str](), set(INSIDE[start]) - {start}
        while ahead:
            here = ahead.pop()
            seen.add(here)
            ahead |= INSIDE[here] - seen
        assert start not in seen, f"{start} is on a circle through {sorted(INSIDE[start] & seen)}"


def test_imports_stand_at_the_top_of_a_file() -> None:
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and name not in OPTIONAL_ADAPTERS:
                inner = [one for one in ast.walk(node) if isinstance(one, ast.Import | ast.ImportFrom)]
                assert not inner, f"{name}: {node.name} imports inside"


def test_no_module_passes_the_wall() -> None:
    lengths = {name: len(path.read_text().splitlines()) for name, path in FILES.items()}
    assert {n: c for n, c in lengths.items() if c > WALL and not below(n, *GENERATED)} == {}


def table() -> str:
    """The import table as Markdown, for ARCHITECTURE.md."""
    lines = ["| room | may import | libraries | never |", "|---|---|---|---|"]
    for name, room in ROOMS.items():
        rooms, libraries = (
            ", ".join(f"`{one}`" for one in text.split()) if text != EVERYTHING else text
            for text in (room.rooms, room.libraries)
        )
        lines.append(f"| `{name}` | {rooms} | {libraries} | {room.never} |")
    return "\n".join(lines)


def test_the_table_in_architecture_md_is_this_one() -> None:
    assert table() in (SOURCE.parents[1] / "ARCHITECTURE.md").read_text(), "run: make docs"
