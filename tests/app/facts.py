"""What a data folder holds, read from a copy of it, and what must hold of it.

From a copy, so that it is always the program that has to find its way after a kill, and never its
examiner.
"""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import mixed
import numpy as np

from indexer.collection import Collection, Collections
from indexer.database import Database
from indexer.points import Point
from indexer.queue import Queue
from indexer.records import STATES, Video
from indexer.settings import Settings
from indexer.store import open_store


def attempts(data_dir: Path) -> int:
    """Which attempt at a video is under way, without a look at the store; 0 if none is."""
    with tempfile.TemporaryDirectory() as folder:
        for found in data_dir.glob("library.db*"):
            if not found.name.endswith("-shm"):  # another process's view of the others
                shutil.copy(found, folder)
        database = Database(Path(folder) / "library.db")
        try:
            asked = "SELECT COALESCE(MAX(attempts), 0) FROM jobs WHERE state = 'indexing'"
            return int(database.rows(asked)[0][0])
        finally:
            database.close()


@dataclass(frozen=True)
class Facts:
    """What library and store say of one collection.

    `waiting` is the next in the queue, `removing` the ids of videos whose removal is not finished;
    `counted` is the store's count of each video's segments under a filter, `faceted` the same by
    a facet over all.
    """

    collection: Collection
    videos: list[Video]
    waiting: Video | None
    removing: set[str]
    points: list[Point]
    counted: dict[str, int]
    faceted: dict[str, int]
    total: int

    @property
    def vectors(self) -> dict[tuple[str, int], np.ndarray]:
        """Every segment's vector, by its video and its place in it."""
        return {(one.video_id, one.index): one.vector for one in self.points}


def look(data_dir: Path) -> dict[str, Facts]:
    """Every collection's facts, by its role."""
    if not (data_dir / "library.db").exists():
        return {}
    with copied(data_dir) as copy, ExitStack() as opened:
        database = Database(copy / "library.db")
        opened.callback(database.close)
        known = Collections(database).all()
        return {one.role: _facts(copy, database, one) for one in known}


@contextmanager
def copied(data_dir: Path) -> Iterator[Path]:
    """A copy of a data folder; `cp` knows how to leave the holes in the engine's files."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "data"
        subprocess.run(["cp", "-a", str(data_dir), str(copy)], check=True)
        yield copy


def _facts(data_dir: Path, database: Database, collection: Collection) -> Facts:
    assert collection.spec is not None
    queue = Queue(database, collection.fingerprint)
    videos = [video for state in STATES for video in queue.videos(state)]
    store = open_store(Settings(data_dir=data_dir, model=collection.model), collection.spec)
    try:
        points = list(store.scan())
        ids = {point.video_id for point in points} | {video.video_id for video in videos}
        return Facts(
            collection=collection,
            videos=videos,
            waiting=queue.next(),
            removing={
                row["video_id"]
                for row in database.rows("SELECT video_id FROM videos WHERE removing")
            },
            points=points,
            counted={one: store.count(one) for one in ids},
            faceted=store.videos(),
            total=store.count(),
        )
    finally:
        store.close()


def check(facts: Facts, planned: dict[str, int]) -> None:
    """Every confirmed segment is stored, none twice, and none that nobody planned."""
    known = {video.video_id: video for video in facts.videos}
    stored: dict[str, list[int]] = {}
    for point in facts.points:
        stored.setdefault(point.video_id, []).append(point.index)
    assert set(stored) <= set(known) | facts.removing, "segments of a video that nobody knows"
    for video_id, video in known.items():
        indexes = sorted(stored.get(video_id, []))
        assert indexes == list(range(len(indexes))), f"{video.title}: a segment twice, or lost"
        most = planned.get(video.title, mixed.RUINED)
        assert len(indexes) <= most, f"{video.title}: a segment never planned"
        assert facts.counted[video_id] == facts.faceted.get(video_id, 0) == len(indexes)
        if not video.redo and video.state != "failed":
            assert video.segments_done <= len(indexes), f"{video.title}: confirmed and gone"
        if video.state == "done":
            assert video.segments_done == len(indexes) == planned[video.title], video.title
        if video.state == "failed":
            assert video.error_code == mixed.FAILED[video.title], video.title
            assert not indexes or video.segments_done, "segments that nobody would take back"


def check_complete(facts: Facts, planned: dict[str, int]) -> None:
    """Everything is there once, and nothing is left to do."""
    check(facts, planned)
    assert facts.waiting is None
    assert facts.removing == set()
    assert {v.title for v in facts.videos if v.state == "done"} == set(planned)
    failed = [video for video in facts.videos if video.state == "failed"]
    assert {video.title: video.segments_done for video in failed} == dict.fromkeys(mixed.FAILED, 0)
    assert len(facts.videos) == len(planned) + len(mixed.FAILED)
    total = sum(planned.values())
    assert facts.total == len(facts.points) == sum(v.segments_done for v in facts.videos) == total
    assert sum(facts.counted.values()) == sum(facts.faceted.values()) == total


def files_left_over(data_dir: Path, collections: list[Facts], unknown: int = 0) -> set[str]:
    """What is in the data folder and has no reason to be.

    unknown: how many uploads were begun of which the sender never heard; they are kept for a day.
    """
    wanted = {"library.db", "owner.lock", "index/CURRENT"}
    for facts in collections:
        key = facts.collection.fingerprint
        wanted |= {f"index/{key}/fingerprint.json", f"index/{key}/owner.lock"}
        for video in facts.videos:
            for kind in ("posters", "strips"):
                pictures = f"media/{video.video_id}/{kind}/{key}"
                wanted |= {f"{pictures}/{index}.jpg" for index in range(video.segments_done)}
            if video.managed:
                wanted.add(f"media/{video.video_id}/source.mp4")
    ours = re.compile(r"index/[0-9a-f]{16}/shard/.+|models/jit__.+-cache|uploads/[0-9a-f]{32}.json")
    found = {
        path.relative_to(data_dir).as_posix() for path in data_dir.rglob("*") if path.is_file()
    }
    assert wanted <= found, f"lost: {wanted - found}"
    left = {name for name in found - wanted if not ours.fullmatch(name)}
    parts = {name for name in left if name.endswith(".part")}
    return left - parts if len(parts) <= unknown else left
