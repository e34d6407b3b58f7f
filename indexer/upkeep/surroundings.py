"""What a person should know of an installation although nothing is wrong with it.

Knows the disk, what is hidden from searches, and work that was interrupted and goes on by itself.
Changes nothing.
"""

import shutil
from collections.abc import Iterator

from indexer.ground import network_disk
from indexer.queue import Queue
from indexer.upkeep.case import Case, Finding

GIB = 1 << 30
_SHOWN = 3


def tell_surroundings(case: Case) -> Iterator[Finding]:
    """Notes only."""
    yield from _room(case)
    yield from _network(case)
    yield from _hidden(case)
    yield from _switch(case)


def _room(case: Case) -> Iterator[Finding]:
    free = shutil.disk_usage(case.settings.data_dir).free
    if free < case.settings.min_free_bytes:
        told = f"The disk of the data folder has only {free / GIB:.2f} GiB left: make room, or "
        yield Finding("disk_low", told + "uploads are refused and indexing waits.", note=True)


def _network(case: Case) -> Iterator[Finding]:
    kind = network_disk(case.settings.data_dir)
    if kind is not None:
        told = f"The data folder lies on a network disk ({kind}), where a connection that breaks "
        told += "may damage the library or its index: keep backups."
        yield Finding("network_disk", told, note=True)


def _hidden(case: Case) -> Iterator[Finding]:
    titles = [video.title for video in case.videos.values() if video.missing]
    if titles:
        named = ", ".join(f"“{title}”" for title in titles[:_SHOWN])
        more = f" and {len(titles) - _SHOWN} more" if len(titles) > _SHOWN else ""
        told = f"Hidden from searches until their files are back: {named}{more}."
        yield Finding("videos_missing", told, note=True)


def _switch(case: Case) -> Iterator[Finding]:
    building = case.collections.of("building")
    if building is not None:
        counts = Queue(case.database, building.fingerprint).counts()
        done = counts.get("done", 0)
        told = f"A switch to {building.model} is under way: {done} of {sum(counts.values())} "
        told += "videos are ready. It goes on when PrismSearch runs with that model."
        yield Finding("switch_unfinished", told, note=True)
