"""What is counted while videos are indexed, in the form that Prometheus reads.

Knows names, units and how they are written down. Knows not who counts. Every installation has
meters of its own, so that two in one process do not mix.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Summary, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from indexer.records import STATES, Step
from indexer.status import Status

Stage = Literal["read", "embed", "store"]
"""What overlaps: each has a thread, and waits for the one before it or behind it."""
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Meters:
    """Counters of one installation since its process began. Safe to use from several threads."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.segments = self._counter("segments_indexed", "Segments that were stored.")
        self.seconds = self._counter(
            "video_seconds_indexed", "Seconds of video that were indexed; its rate is the speed."
        )
        self._outcomes = self._counter("videos_settled", "Videos by outcome.", "outcome")
        self._failures = self._counter("failures", "Failed attempts at a video, by code.", "code")
        self._stages = self._counter("stage_seconds", "Time spent, by step.", "stage")
        self._waits = self._counter(
            "waiting_seconds", "Time in which a step under way had nothing to do.", "stage"
        )
        self._filled = Summary(
            "prismsearch_queue_filled",
            "How full a queue is (0 to 1) whenever something is taken from it or put into it.",
            ["queue"],
            registry=self._registry,
        )

    def _counter(self, name: str, told: str, *labels: str) -> Counter:
        return Counter(f"prismsearch_{name}", told, labels, registry=self._registry)

    def settled(self, outcome: str) -> None:
        """One more video is `done`, `partly` done or `failed`."""
        self._outcomes.labels(outcome).inc()

    def failed(self, code: str) -> None:
        """One more attempt has failed for this reason."""
        self._failures.labels(code).inc()

    @contextmanager
    def stage(self, step: Step) -> Iterator[None]:
        """A block whose time is added to the step's; steps overlap."""
        begun = time.monotonic()
        try:
            yield
        finally:
            self._stages.labels(step).inc(time.monotonic() - begun)

    @contextmanager
    def waits(self, stage: Stage) -> Iterator[None]:
        """A block in which a stage waits for another."""
        begun = time.monotonic()
        try:
            yield
        finally:
            self._waits.labels(stage).inc(time.monotonic() - begun)

    def turns(self, stage: Stage) -> "Turns":
        """Follow one thread from now on, which waits between its turns."""
        return Turns(self._waits.labels(stage))

    def filled(self, queue: Literal["frames", "vectors"], share: float) -> None:
        """How full a queue was found: frames that wait for the model, vectors for the store."""
        self._filled.labels(queue).observe(share)

    def watch(self, status: Callable[[], Status]) -> None:
        """Tell, at every reading, what the status says then as well."""
        self._registry.register(_Gauges(status))

    def text(self) -> bytes:
        """Everything, as Prometheus reads it (`CONTENT_TYPE`)."""
        return generate_latest(self._registry)


class Turns:
    """Adds up how long a thread waits between its turns."""

    def __init__(self, waited: Counter) -> None:
        self._waited = waited
        self._since = time.monotonic()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """A block in which the thread is busy."""
        self._waited.inc(time.monotonic() - self._since)
        try:
            yield
        finally:
            self._since = time.monotonic()


class _Gauges(Collector):
    """What the library's rows say at the moment of reading."""

    def __init__(self, status: Callable[[], Status]) -> None:
        self._status = status

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Videos by state, the queue's length, and what stands still."""
        status = self._status()
        progress = status.progress
        videos = GaugeMetricFamily("prismsearch_videos", "Videos by state.", labels=["state"])
        for state in STATES:
            videos.add_metric([state], progress.counts.get(state, 0))
        yield videos
        waiting = sum(progress.counts.get(state, 0) for state in ("queued", "indexing"))
        yield _gauge("queue_length", "Videos that are not settled.", waiting)
        yield _gauge("segments", "Segments that can be found.", progress.segments)
        yield _gauge("video_seconds", "Seconds of video, known or expected.", progress.seconds)
        yield _gauge("paused", "1 while a person has paused indexing.", status.paused)
        yield _gauge("waiting", "1 while nothing can go on.", status.waiting is not None)


def _gauge(name: str, told: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"prismsearch_{name}", told, value=float(value))
