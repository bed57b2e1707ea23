"""For those who keep the node running: is it well, and its figures for Prometheus.

`/health` says nothing but well or not, so it needs no key. `/metrics` needs none while the server listens
on this machine alone; else it asks for a key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from litestar import Response, get
from litestar.di import NamedDependency
from msgspec import Struct
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from amperanto import __version__
from amperanto.csms.csms import Csms
from amperanto.csms.records import Records

TEXT = "text/plain; version=0.0.4; charset=utf-8"


class Health(Struct, kw_only=True):
    """The node is well: it answers, and so does its database."""

    status: str
    version: str


@get("/health", tags=["Operations"])
async def health(records: NamedDependency[Records]) -> Health:
    """Whether the node is well: 200, or 503 when its database does not answer. Needs no key."""
    await records.alive()
    return Health(status="ok", version=__version__)


@get("/metrics", tags=["Operations"], media_type=TEXT)
async def metrics(csms: NamedDependency[Csms]) -> Response[bytes]:
    """The node's figures for Prometheus. Needs no key while the server listens on this machine alone."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Figures(csms))
    return Response(generate_latest(registry), media_type=TEXT)


class Figures(Collector):
    """The figures of a node, read when they are asked for."""

    def __init__(self, csms: Csms) -> None:
        self._csms = csms

    def describe(self) -> Iterable[Metric]:
        """Nothing to check against: this registry has one collector."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every figure with its name, unit and meaning."""
        figures, store = self._csms.figures, self._csms.context.store
        connected = GaugeMetricFamily(
            "amperanto_stations_connected",
            "Stations with an open socket, by OCPP version.",
            labels=["version"],
        )
        versions: dict[str, int] = {}
        for link in self._csms.stations:
            versions[link.ocpp_version] = versions.get(link.ocpp_version, 0) + 1
        for version, count in sorted(versions.items()):
            connected.add_metric([version], count)
        yield connected
        for name, meaning, value in (
            ("amperanto_connections", "Sockets opened by stations.", figures.connections),
            ("amperanto_connections_refused", "Sockets refused before the upgrade.", figures.refusals),
            ("amperanto_messages_received", "Frames from stations.", figures.messages_in),
            ("amperanto_messages_sent", "Frames to stations.", figures.messages_out),
            ("amperanto_messages_repeated", "Messages a station sent again.", figures.repeats),
            ("amperanto_violations", "Breaches of the standard that were tolerated.", figures.violations),
            ("amperanto_reviews", "Messages kept for a person to look at.", figures.reviews),
            ("amperanto_commit_groups", "Database transactions; each holds many messages.", store.groups),
            ("amperanto_log_rows_dropped", "Log rows lost because the log was too slow.", store.dropped),
        ):
            yield CounterMetricFamily(name, meaning, value=value)
        handled = CounterMetricFamily("amperanto_messages_handled", "Messages by action.", labels=["action"])
        for action, count in sorted(figures.by_action.items()):
            handled.add_metric([action], count)
        yield handled
