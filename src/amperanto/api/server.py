"""The HTTP server: every resource behind one door, on the node's own event loop.

`application` makes the ASGI application of a CSMS; `serve` runs it with uvicorn beside the stations'
sockets, without taking the process's signals. Stopping ends the open streams first, so that nobody waits
for them.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import uvicorn
from litestar import Litestar, Router
from litestar.di import Provide
from litestar.types import Scope

from amperanto.api import (
    charge_records,
    commands,
    documentation,
    evses,
    inbox,
    keys,
    local_lists,
    local_tariffs,
    messages,
    operations,
    payments,
    quirks,
    remote_control,
    reservations,
    reviews,
    rollouts,
    signed_values,
    sites,
    stations,
    tariff_assignments,
    tariffs,
    templates,
    token_groups,
    tokens,
    variables,
    wanted,
)
from amperanto.api import transactions as transactions_
from amperanto.api.desk import Desk
from amperanto.api.door import Door
from amperanto.api.parameters import refuse_unknown_query
from amperanto.api.problems import respond
from amperanto.api.representation import Json
from amperanto.api.streams import Streams
from amperanto.csms.csms import Csms
from amperanto.csms.records import Records
from amperanto.csms.registry import Registry
from amperanto.csms.sites import Sites
from amperanto.csms.token_registry import TokenRegistry
from amperanto.settings import Settings

PREFIX = "/api/v1"
LARGEST_BODY = 1024 * 1024
STOP_WITHIN = 1  # seconds for answers that are under way

RESOURCES = [
    stations.add_station,
    stations.list_stations,
    stations.get_station,
    stations.change_station,
    stations.remove_station,
    stations.release_station,
    evses.list_evses,
    evses.list_availability,
    evses.list_connections,
    quirks.list_quirks,
    local_lists.get_local_list,
    local_lists.want_local_list,
    local_lists.sync_local_list,
    variables.list_variables,
    variables.set_variables,
    variables.report_variables,
    variables.list_variable_changes,
    variables.list_wanted_variables,
    variables.withdraw_wanted_variable,
    wanted.list_wanted,
    wanted.want,
    wanted.withdraw_wanted,
    templates.compare_with_template,
    templates.list_templates,
    templates.get_template,
    templates.add_template,
    templates.change_template,
    templates.remove_template,
    templates.compare_fleet_with_template,
    rollouts.start_rollout,
    rollouts.roll_template_out,
    rollouts.list_rollouts,
    rollouts.get_rollout,
    rollouts.list_rollout_values,
    rollouts.cancel_rollout,
    wanted.reset_station,
    wanted.change_network_profile,
    commands.send_command,
    commands.send_raw,
    transactions_.list_transactions,
    transactions_.export_transactions,
    transactions_.get_transaction,
    transactions_.list_meter_values,
    remote_control.start_from_afar,
    remote_control.list_remote_starts,
    remote_control.get_remote_start,
    remote_control.stop_from_afar,
    remote_control.trigger_message,
    transactions_.limit_transaction,
    reviews.list_reviews,
    reviews.get_review,
    reviews.settle_review,
    tariffs.add_tariff,
    tariffs.list_tariffs,
    tariffs.get_tariff,
    tariffs.change_tariff,
    tariffs.remove_tariff,
    tariffs.list_tariff_versions,
    tariffs.preview_tariff,
    tariff_assignments.list_assignments,
    tariff_assignments.assign_tariff,
    tariff_assignments.unassign_tariff,
    local_tariffs.list_installed_tariffs,
    local_tariffs.clear_installed_tariffs,
    local_tariffs.exchange_tariff,
    charge_records.list_charge_records,
    charge_records.get_charge_record,
    charge_records.export_charge_records_csv,
    charge_records.export_charge_records_jsonl,
    charge_records.correct_charge_record,
    charge_records.issue_charge_record,
    signed_values.get_signed_values,
    signed_values.export_signed_values,
    signed_values.list_meter_keys,
    signed_values.register_meter_key,
    signed_values.withdraw_meter_key,
    reservations.add_reservation,
    reservations.list_reservations,
    reservations.get_reservation,
    reservations.cancel_reservation,
    payments.add_payment,
    payments.list_payments,
    payments.get_payment,
    payments.cancel_payment,
    payments.settle_payment,
    payments.set_payment_code,
    payments.open_payment_page,
    tokens.add_token,
    tokens.list_tokens,
    tokens.get_token,
    tokens.change_token,
    tokens.remove_token,
    tokens.add_alias,
    tokens.remove_alias,
    tokens.check_token,
    token_groups.add_group,
    token_groups.change_group,
    token_groups.list_groups,
    token_groups.get_group,
    token_groups.remove_group,
    sites.add_site,
    sites.list_sites,
    sites.get_site,
    sites.change_site,
    sites.remove_site,
    sites.get_organisation,
    sites.change_organisation,
    messages.list_messages,
    messages.stream_messages,
    inbox.list_inbox,
    inbox.accept_station,
    inbox.dismiss_caller,
    keys.add_key,
    keys.list_keys,
    keys.withdraw_key,
]
OPEN = [
    operations.health,
    operations.metrics,
    documentation.openapi_document,
    documentation.documentation_page,
    documentation.documentation_style,
]


@dataclass(frozen=True, slots=True)
class Application:
    """The ASGI application, and its open streams."""

    door: Door
    streams: Streams


def application(csms: Csms, settings: Settings) -> Application:
    """The ASGI application of a CSMS."""
    streams = Streams()
    registry = Registry(csms.context, csms.security.passwords)
    records = Records(csms.context)
    tokens_known = TokenRegistry(csms.context, csms.authorization, csms.tokens_changed)
    sites_known = Sites(csms.context)

    def desk(scope: Scope) -> Desk:
        return Desk(
            csms=csms,
            registry=registry,
            records=records,
            tokens=tokens_known,
            sites=sites_known,
            streams=streams,
            who=scope["user"],
        )

    inside = _resources(csms=lambda: csms, records=lambda: records, desk=desk)
    guarded = ["/api"] if is_loopback(settings.http_host) else ["/api", "/metrics"]
    return Application(Door(inside, csms.access.authenticate, guarded=guarded), streams)


def description() -> dict[str, Any]:
    """The OpenAPI document, without a running node."""
    return documentation.described(_resources(csms=lambda: None, records=lambda: None, desk=lambda: None))


def _resources(**dependencies: Callable[..., Any]) -> Litestar:
    return Litestar(
        [Router(PREFIX, route_handlers=RESOURCES), *OPEN],
        dependencies={name: Provide(one, sync_to_thread=False) for name, one in dependencies.items()},
        before_request=refuse_unknown_query,
        exception_handlers={Exception: respond},
        response_class=Json,
        request_max_body_size=LARGEST_BODY,
        logging_config=None,
        openapi_config=None,
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Server:
    """A running HTTP server. `port` is the one it listens on."""

    def __init__(self, server: _Uvicorn, streams: Streams, port: int) -> None:
        self.port = port
        self._server = server
        self._streams = streams
        self._task: asyncio.Task[None] | None = None

    async def start(self, listening: socket.socket) -> None:
        """Answer requests from now on."""
        self._task = asyncio.create_task(self._server.serve(sockets=[listening]))

    async def stop(self) -> None:
        """End the streams, finish what is under way, and stop."""
        self._streams.stop()
        self._server.should_exit = True
        if self._task is not None:
            await self._task


class _Uvicorn(uvicorn.Server):
    """Uvicorn as a guest of our loop: signals are the process's business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


async def serve(csms: Csms, settings: Settings) -> Server:
    """Listen on `http_host:http_port` and answer. Raises OSError when the address is taken."""
    made = application(csms, settings)
    listening = _listen(settings.http_host, settings.http_port)
    config = uvicorn.Config(
        made.door,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_WITHIN,
        ws="none",
        proxy_headers=False,
        h11_max_incomplete_event_size=32 * 1024,
    )
    server = Server(_Uvicorn(config), made.streams, listening.getsockname()[1])
    await server.start(listening)
    return server


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket; empty host: all interfaces."""
    if not host and socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=1024)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=1024)
