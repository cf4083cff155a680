"""Numbers for monitoring, in the format that Prometheus reads.

The only module that knows `prometheus_client`, whose import costs some 15 ms: the root imports this
one only where the settings open `/metrics`. Everything is kept in a registry of its own, never in
the library's global one. What is counted has few label values by design, and never a person.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

Numbers = Mapping[tuple[str, ...], float]
"""A number by the values of its labels; the only key is `()` where there are no labels."""
Read = Callable[[], Numbers]

MEDIA_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
REQUEST_BUCKETS: Final = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds. A page is wanted within a quarter of a second, and within two when much is going on."""
ASKED_BUCKETS: Final = (0.01, 0.05, 0.25, 1.0, 3.0, 9.0)
"""Seconds. A directory that has not answered after nine is away."""
METHODS: Final = frozenset({"GET", "HEAD", "POST"})
NO_ROUTE: Final = "none"
"""The route of a request for an address that does not exist."""


class Metrics:
    """What one process has counted, and what is looked up each time somebody asks.

    `process` marks every number of this process where several answer at the same address; numbers
    of the whole installation, which are the same from all of them, are not marked.
    """

    def __init__(self, process: str | None = None) -> None:
        """Begin to count at nothing."""
        self._own = CollectorRegistry()
        self._shared = CollectorRegistry()
        self._process = process
        ProcessCollector(registry=self._own)
        self._requests = Histogram(
            "portvakt_request_seconds",
            "Time until an answer was sent, by route.",
            ("route", "method", "status"),
            buckets=REQUEST_BUCKETS,
            registry=self._own,
        )
        self._timed: dict[tuple[str, str, int], Histogram] = {}

    def request(self, route: str | None, method: str, status: int, seconds: float) -> None:
        """Note one answered request; `route` is the pattern of its address, None without one."""
        key = (route or NO_ROUTE, method if method in METHODS else "other", status // 100)
        child = self._timed.get(key)
        if child is None:
            name, method, hundreds = key
            labels = (_route_name(name), method, f"{hundreds}xx" if hundreds else "none")
            child = self._timed[key] = self._requests.labels(*labels)
        child.observe(seconds)

    def counter(
        self, name: str, meaning: str, labels: tuple[str, ...] = (), known: Iterable[str] = ()
    ) -> Counter:
        """Make a counter that is told of each time; `known` begin at 0 (of one label only)."""
        made = Counter(name, meaning, labels, registry=self._own)
        for value in known:
            made.labels(value)
        return made

    def timer(self, name: str, meaning: str, labels: tuple[str, ...]) -> Histogram:
        """Make a histogram of seconds."""
        return Histogram(name, meaning, labels, buckets=ASKED_BUCKETS, registry=self._own)

    def counter_from(self, name: str, meaning: str, read: Read) -> None:
        """Have a number that only grows looked up at each scrape."""
        self._own.register(_Looked(name, meaning, (), read, grows=True))

    def gauge_from(
        self,
        name: str,
        meaning: str,
        read: Read,
        labels: tuple[str, ...] = (),
        *,
        shared: bool = False,
    ) -> None:
        """Have a number looked up at each scrape; `read` returns at once and never raises.

        `shared`: it is the whole installation's, and every process would say the same.
        """
        registry = self._shared if shared else self._own
        registry.register(_Looked(name, meaning, labels, read))

    def page(self) -> bytes:
        """Write down every number."""
        return generate_latest(_Tidy(self._own, self._process)) + generate_latest(
            _Tidy(self._shared, None)
        )


@dataclass(frozen=True, slots=True)
class _Looked:
    """One number that is looked up when it is asked for."""

    name: str
    meaning: str
    labels: tuple[str, ...]
    read: Read
    grows: bool = False

    def collect(self) -> Iterator[Metric]:
        kind = CounterMetricFamily if self.grows else GaugeMetricFamily
        family = kind(self.name, self.meaning, labels=self.labels)
        for values, number in self.read().items():
            family.add_metric(values, number)
        yield family

    def describe(self) -> Iterator[Metric]:
        """Say what there will be without looking: it is asked at registration."""
        yield Metric(self.name, self.meaning, "counter" if self.grows else "gauge")


class _Tidy:
    """A registry's numbers without the times at which counting began, marked with the process."""

    def __init__(self, registry: CollectorRegistry, process: str | None) -> None:
        self._registry = registry
        self._mark = {} if process is None else {"process": process}

    def collect(self) -> Iterator[Metric]:
        for family in self._registry.collect():
            family.samples = [
                sample._replace(labels={**sample.labels, **self._mark})
                for sample in family.samples
                if not sample.name.endswith("_created")
            ]
            yield family


def _route_name(pattern: str) -> str:
    """Name a folder's files together: their own names change from version to version."""
    folder, _, last = pattern.rpartition("/")
    return f"{folder}/{{file}}" if "." in last else pattern
