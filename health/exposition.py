"""The metrics as Prometheus reads them, and as people do."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from health.gauges import Gauges
from health.metrics import shared_registry

if TYPE_CHECKING:
    from prometheus_client import Metric

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


def as_text() -> bytes:
    """Return every metric in Prometheus's text format."""
    return b"".join(generate_latest(registry) for registry in _registries())


def as_json() -> dict[str, Any]:
    """Return every metric by its name: what it means, its type, and its samples; of a histogram the count, the mean and
    estimated quantiles.
    """
    metrics = (metric for registry in _registries() for metric in registry.collect())
    return {metric.name: _told(metric) for metric in sorted(metrics, key=lambda metric: metric.name)}


def _registries() -> list[CollectorRegistry]:
    looked_up = CollectorRegistry()
    looked_up.register(Gauges())
    return [shared_registry(), looked_up]


def _told(metric: Metric) -> dict[str, Any]:
    if metric.type == "histogram":
        samples = _histograms(metric)
    else:
        samples = [{**sample.labels, "value": sample.value} for sample in metric.samples]
    return {"help": metric.documentation, "type": metric.type, "samples": samples}


def _histograms(metric: Metric) -> list[dict[str, Any]]:
    """Return one entry for each combination of labels."""
    sums: dict[tuple[tuple[str, str], ...], float] = {}
    buckets: dict[tuple[tuple[str, str], ...], list[tuple[float, float]]] = defaultdict(list)
    for sample in metric.samples:
        labels = {name: value for name, value in sample.labels.items() if name != "le"}
        key = tuple(sorted(labels.items()))
        if sample.name.endswith("_sum"):
            sums[key] = sample.value
        elif sample.name.endswith("_bucket"):
            buckets[key].append((float(sample.labels["le"]), sample.value))
    return [
        {**dict(key), **_summary(sums.get(key, 0.0), sorted(found))} for key, found in sorted(buckets.items())
    ]


def _summary(total: float, buckets: list[tuple[float, float]]) -> dict[str, float]:
    count = buckets[-1][1]
    told = {"count": count, "mean": round(total / count, 6) if count else 0.0}
    return told | {name: round(_quantile(share * count, buckets), 6) for name, share in QUANTILES.items()}


def _quantile(rank: float, buckets: list[tuple[float, float]]) -> float:
    """Return the value at a rank, spread evenly within its bucket as Prometheus does; above the last bound, that."""
    below, counted = 0.0, 0.0
    for bound, until in buckets:
        if until >= rank:
            if bound == float("inf"):
                return below
            return below + (bound - below) * ((rank - counted) / (until - counted) if until > counted else 0)
        below, counted = bound, until
    return below
