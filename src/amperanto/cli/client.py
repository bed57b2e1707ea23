"""How client commands talk to a running node: by REST, and by nothing else.

`--url` and `--key` (or AMPERANTO_KEY) say which node and who asks. Without them both come from the data
directory: the ports of its `amperanto.toml` (or of AMPERANTO_HTTP_PORT), and the key in its `admin.key`.
Whatever goes wrong on the way becomes a Failure in the words of an operator. The REST interface names its
refusals by `code`; `ADVICE` says for each what to do next.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import cached_property, wraps
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import click
import httpx2
import msgspec

from amperanto.cli.failure import Failure
from amperanto.settings import Settings, SettingsError
from amperanto.settings import load as load_settings

Command = Callable[..., None]
Problem = dict[str, Any]

KEY_FILE = "admin.key"
_EXACT = msgspec.json.Decoder(float_hook=Decimal)
"""Figures keep the digits they came with: money and energy are never approximate."""
PAGE = 200
CONNECT_SECONDS = 10.0
SILENCE_SECONDS = 60.0
"""A node that lives says something on an event stream four times as often."""
ADVICE = {
    "not_allowed": "give another with --key or AMPERANTO_KEY (the administrator's is in DIR/admin.key)",
    "unknown_station": "see 'amperanto stations list', or add it with 'amperanto stations add'",
    "unknown_template": "see what there is at /api/v1/templates",
    "secret_not_kept": "try again when 'amperanto stations list' shows it connected",
    "unknown_action": "correct the name, or send it as it is with --raw",
    "unknown_site": "see 'amperanto sites list', or add it with 'amperanto sites add'",
    "site_in_use": "move it with 'amperanto stations change', then try again",
    "unknown_group": "see 'amperanto tokens group'",
    "unknown_token": "see 'amperanto tokens list'",
    "not_in_inbox": "see who waits with 'amperanto stations list', or use 'amperanto stations add'",
    "unknown_reservation": "see 'amperanto reservations list'",
    "unknown_remote_start": "see what there is at /api/v1/remote-starts",
    "unknown_transaction": "see what there is with 'amperanto transactions list'",
    "transaction_over": "see when it ended with 'amperanto transactions list'",
    "trigger_not_allowed": "use 'amperanto reset' to have it boot again",
    "reservation_over": "see how with 'amperanto reservations list'",
    "token_not_accepted": "see 'amperanto tokens list'",
    "exists": "see what is there with 'list' in place of 'add'",
    "station_offline": "try again when 'amperanto stations list' shows it connected",
    "station_not_accepted": "try again when its boot is accepted",
    "not_spoken": "the station's own words can be sent with --raw",
    "queue_full": "try again when it has answered what is waiting for it",
    "station_refused": "see its frames with 'amperanto tail'",
    "no_answer": "see its frames with 'amperanto tail', or give it longer with --timeout",
    "unknown_tariff": "see 'amperanto tariffs list', or make it with 'amperanto tariffs put'",
    "unknown_assignment": "see 'amperanto tariffs assignments'",
    "tariff_in_use": "see 'amperanto tariffs assignments', or put a new version of it",
    "unknown_charge_record": "see 'amperanto records list'",
    "nothing_to_correct": "see 'amperanto records list'",
    "not_billable": "try again when it has ended, or settle it with 'amperanto reviews'",
    "unknown_review": "see 'amperanto reviews list'",
    "review_over": "see what was decided with 'amperanto reviews list --settled'",
    "unknown_payment": "see 'amperanto payments list'",
    "payment_over": "see how with 'amperanto payments list'",
    "payment_refused": "see docs/topics/payments.md for what holds money",
    "unknown_meter_key": "see 'amperanto signed key IDENTITY'",
    "unknown_wish": "see 'amperanto stations wanted IDENTITY'",
    "not_durable": "look after the node's disk, and try again",
}


def node_options(command: Command) -> Command:
    """The options that say which node, and who asks; the command gets the `node`."""

    @wraps(command)
    def with_node(*words: Any, url: str | None, key: str | None, data: Path | None, **options: Any) -> None:
        node = Node(url, key, data)
        try:
            command(*words, node=node, **options)
        finally:
            node.close()

    path = click.Path(path_type=Path, file_okay=False)
    for option in (
        click.option("--data", metavar="DIR", type=path, help="The node's data directory, else AMPERANTO_DATA."),
        click.option(
            "--key",
            metavar="KEY",
            help="An API key, else AMPERANTO_KEY, else DIR/admin.key.",
            envvar="AMPERANTO_KEY",
        ),
        click.option("--url", metavar="URL", help="The node's address.  [default: the node of DIR on this machine]"),
    ):
        with_node = option(with_node)
    return with_node


class Node:
    """A running node. Every method raises Failure where it cannot do its work."""

    def __init__(self, url: str | None, key: str | None, data: Path | None) -> None:
        self._given = url
        self._key = key
        self._data = data

    @cached_property
    def url(self) -> str:
        """Where it is."""
        if self._given:
            return _checked(self._given)
        host = self._settings.http_host
        host = "127.0.0.1" if host in ("", "0.0.0.0", "::") else host
        return f"http://{f'[{host}]' if ':' in host else host}:{self._settings.http_port}"

    @cached_property
    def _settings(self) -> Settings:
        try:
            return load_settings({"data": None if self._data is None else str(self._data)})
        except SettingsError as error:
            raise Failure(f"{capitalised(str(error))}; correct that and try again.") from error

    @cached_property
    def _http(self) -> httpx2.Client:
        key = _checked_key(self._key) if self._key else _kept_key(self._settings.data)
        return httpx2.Client(
            base_url=f"{self.url}/api/v1",
            headers={"Authorization": f"Bearer {key}"},
            trust_env=False,
        )

    def close(self) -> None:
        """End the connection, if there ever was one."""
        if "_http" in self.__dict__:
            self._http.close()

    def get(self, path: str, **query: Any) -> Any:
        """One resource."""
        return self._ask("GET", path, query=query)

    def all(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Every item of a resource, page after page."""
        items: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = self._ask("GET", path, query={**query, "limit": PAGE, "cursor": cursor})
            items += page["items"]
            cursor = page.get("next")
            if not cursor:
                return items

    def post(self, path: str, body: Any, *, patience: float = 30.0, **query: Any) -> Any:
        """Make something, or ask for it; `patience` in seconds is how long the answer may take."""
        return self._ask("POST", path, body=body, query=query, patience=patience)

    def put(self, path: str, body: Any, *, patience: float = 30.0) -> Any:
        """Write something; `patience` in seconds is how long the answer may take."""
        return self._ask("PUT", path, body=body, patience=patience)

    def patch(self, path: str, body: Any, *, patience: float = 30.0) -> Any:
        """Change something; `patience` in seconds is how long the answer may take."""
        return self._ask("PATCH", path, body=body, patience=patience)

    def delete(self, path: str, *, patience: float = 30.0, **query: Any) -> Any:
        """Remove something; what the node says of it, if anything."""
        return self._ask("DELETE", path, query=query, patience=patience)

    def file(self, path: str) -> bytes:
        """A resource that is no JSON, as it comes."""
        return self._answer("GET", path).content

    def download(self, path: str, **query: Any) -> Iterator[bytes]:
        """A file of any size, part after part, as it comes."""
        waits = httpx2.Timeout(CONNECT_SECONDS, read=SILENCE_SECONDS)
        wanted = {name: value for name, value in query.items() if value is not None}
        with self._reached(), self._http.stream("GET", path, params=wanted, timeout=waits) as answer:
            if answer.is_error:
                answer.read()
                raise self._refusal(answer)
            yield from answer.iter_bytes()

    def stream(self, path: str, **query: Any) -> Iterator[tuple[str, Any]]:
        """Server-sent events, each with its name and data, until the node ends them; first `listening`."""
        waits = httpx2.Timeout(CONNECT_SECONDS, read=SILENCE_SECONDS)
        with self._reached(), self._http.stream("GET", path, params=query, timeout=waits) as answer:
            if answer.is_error:
                answer.read()
                raise self._refusal(answer)
            if not answer.headers.get("content-type", "").startswith("text/event-stream"):
                raise self._stranger()
            name = ""
            for line in answer.iter_lines():
                field, _, value = line.partition(": ")
                if field == "event":
                    name = value
                elif field == "data":
                    yield name, msgspec.json.decode(value)
                elif value == "listening":
                    yield value, None

    def _ask(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: dict[str, Any] | None = None,
        patience: float = 30.0,
    ) -> Any:
        answer = self._answer(method, path, body=body, query=query, patience=patience)
        try:
            return _EXACT.decode(answer.content) if answer.content else None
        except msgspec.DecodeError as error:
            raise self._stranger() from error

    def _answer(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: dict[str, Any] | None = None,
        patience: float = 30.0,
    ) -> httpx2.Response:
        content = None if body is None else msgspec.json.encode(body)
        with self._reached():
            answer = self._http.request(
                method,
                path,
                content=content,
                params={name: value for name, value in (query or {}).items() if value is not None},
                headers={"Content-Type": "application/json"} if content else {},
                timeout=httpx2.Timeout(CONNECT_SECONDS, read=patience),
            )
        if answer.is_error:
            raise self._refusal(answer)
        return answer

    @contextmanager
    def _reached(self) -> Generator[None]:
        try:
            yield
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise Failure(
                f"No node runs at {self.url}; start one with 'amperanto serve', or name another with --url."
            ) from error
        except httpx2.TimeoutException as error:
            raise Failure(f"The node at {self.url} gives no answer; see its terminal, and try again.") from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            why = str(error).rstrip(".") or type(error).__name__
            raise Failure(f"The node at {self.url} broke off ({why}); see its terminal, and try again.") from error

    def _refusal(self, answer: httpx2.Response) -> Failure:
        """What the node refused, and what to do next."""
        problem = _problem(answer)
        if problem is None:
            return self._stranger()
        if problem["code"] == "no_key":
            return Failure(
                f"The node at {self.url} does not know this key; give another with --key or AMPERANTO_KEY "
                "(the administrator's is in DIR/admin.key)."
            )
        detail = str(problem.get("detail") or problem.get("title")).rstrip(".")
        if problem.get("field"):
            detail = f"the request is wrong at {detail}"
        advice = ADVICE.get(str(problem.get("code")))
        if advice is None:
            advice = "correct that and try again" if answer.is_client_error else "see its terminal, and try again"
        return Failure(f"{capitalised(detail)}; {advice}.")

    def _stranger(self) -> Failure:
        return Failure(f"What answers at {self.url} is no Amperanto node; name one with --url.")


def place(identity: str) -> str:
    """An identity as one segment of a path."""
    return quote(identity, safe="")


def capitalised(text: str) -> str:
    """The text as a sentence begins."""
    return text[:1].upper() + text[1:]


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise click.UsageError(f"{url!r} is no address of a node; write it like http://127.0.0.1:8080.")
    return url.rstrip("/").removesuffix("/api/v1")


def _kept_key(data: Path) -> str:
    path = data / KEY_FILE
    try:
        key = path.read_text().strip()
    except FileNotFoundError as error:
        raise Failure(
            f"There is no key in {path}; start a node with 'amperanto serve', or give --data or --key."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise Failure(f"{path} cannot be read ({reason}); run this as the node's user, or give --key KEY.") from error
    if not _looks_right(key):
        raise Failure(f"{path} does not hold a key; give one with --key.")
    return key


def _checked_key(key: str) -> str:
    if not _looks_right(key):
        raise Failure("What --key or AMPERANTO_KEY says is no key; the administrator's is in DIR/admin.key.")
    return key


def _looks_right(key: str) -> bool:
    return bool(key) and key.isascii() and key.isprintable()


def _problem(answer: httpx2.Response) -> Problem | None:
    """The problem document, or None where the answer is none."""
    try:
        problem = msgspec.json.decode(answer.content, type=Problem)
    except msgspec.DecodeError:
        return None
    return problem if "code" in problem else None
