"""Which videos there are, where they lie, and what a person chose about them.

Knows labels, places and what was removed. Knows neither vectors nor pixels, and never opens a video
for more than its hash (content.py). How far a video got is told as of the collection that serves.
"""

import json
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Literal

from indexer.content import Content
from indexer.database import Database
from indexer.errors import FINAL, OUT_OF_REACH, UnknownVideo
from indexer.folders import disk_of, look_at, printable
from indexer.formats import SUPPORTED, Plays
from indexer.queue import Queue
from indexer.records import QUEUE_ORDER, Video, VideoState, known, rows
from indexer.roots import Roots

__all__ = ["Library", "Page", "Standing", "Video", "VideoState", "title_of"]

Standing = Literal[VideoState, "missing"]
"""How a video stands to a person: one whose file is gone stands nowhere else."""

STANDINGS: tuple[Standing, ...] = ("indexing", "queued", "failed", "missing", "cancelled", "done")
"""The order of the job table: under way, what comes next, what needs a person, what is ready."""

_STANDING = "CASE WHEN missing THEN 'missing' ELSE state END"
_TABLE_ORDER = (
    f"CASE {_STANDING} "
    + " ".join(f"WHEN '{standing}' THEN {place}" for place, standing in enumerate(STANDINGS))
    + f" END, CASE state WHEN 'done' THEN -place END, {QUEUE_ORDER}"
)

# What people said of a video goes with it.
_SAID = ("tags", "marks", "selected")


@dataclass(frozen=True)
class Page:
    """A stretch of the job table, and how many videos it has in all."""

    total: int
    videos: list[Video]


def title_of(name: str) -> str:
    """A file's name as a title: printable, and without the suffix that makes it a video's."""
    path = PurePath(printable(name))
    return path.stem if path.suffix.lower() in SUPPORTED else path.name


class Library:
    """The videos of one installation. Safe to use from several threads."""

    def __init__(self, database: Database, fingerprint: str) -> None:
        """`fingerprint` is the collection that serves; it may change while this is in use."""
        self._database = database
        self.fingerprint = fingerprint
        self.roots = Roots(database)
        self._read: tuple[object, dict[str, Video | None]] = None, {}
        # Set aside by an earlier process: an offer now is a person's, and not the one that every
        # start makes again after a crash.
        gave_up = self._known("WHERE error_code = 'gave_up'")
        self._gave_up = {video.video_id for video in gave_up}

    @property
    def database(self) -> Database:
        """Where all of this is written."""
        return self._database

    def _known(self, clause: str, *values: Any) -> list[Video]:
        return known(self._database, self.fingerprint, clause, *values)

    # What is known.

    def videos(self, state: VideoState | None = None) -> list[Video]:
        """All videos, or those in one state, in the order they were added."""
        if state is None:
            return self._known("WHERE NOT removing ORDER BY place")
        return self._known("WHERE NOT removing AND state = ? ORDER BY place", state)

    def page(
        self, standing: Standing | None = None, words: str = "", offset: int = 0, limit: int = 100
    ) -> Page:
        """A stretch of the job table: those of one standing, with all of the words in the title.

        In the order of `STANDINGS`: what waits by its turn, what is ready with the newest first.
        """
        parts, values = ["NOT removing"], list[Any]()
        if standing is not None:
            parts.append(f"{_STANDING} = ?")
            values.append(standing)
        for word in words.split():
            parts.append("INSTR(CASEFOLD(title), ?)")
            values.append(word.casefold())
        clause = "WHERE " + " AND ".join(parts)
        count = rows(
            self._database, self.fingerprint, f"SELECT COUNT(*) FROM known {clause}", *values
        )
        order = f"{clause} ORDER BY {_TABLE_ORDER} LIMIT ? OFFSET ?"
        return Page(count[0][0], self._known(order, *values, limit, offset))

    def standings(self) -> dict[Standing, int]:
        """How many videos there are of each standing."""
        question = f"SELECT {_STANDING}, COUNT(*) FROM known WHERE NOT removing GROUP BY 1"
        found = {row[0]: row[1] for row in rows(self._database, self.fingerprint, question)}
        return {standing: found.get(standing, 0) for standing in STANDINGS}

    def get(self, video_id: str) -> Video | None:
        """The video of this id, or None if it is unknown or being removed."""
        found = self._known("WHERE video_id = ? AND NOT removing", video_id)
        return found[0] if found else None

    def need(self, video_id: str) -> Video:
        """The video of this id. Raises UnknownVideo."""
        video = self.get(video_id)
        if video is None:
            raise UnknownVideo("There is no such video in this library; it may have been removed.")
        return video

    def titles(self) -> dict[str, str]:
        """The titles of all videos whose file is not known to be missing, by id."""
        found = self._database.rows(
            "SELECT video_id, title FROM videos WHERE NOT removing AND NOT missing"
        )
        return {row[0]: row[1] for row in found}

    def playable_ids(self) -> frozenset[str]:
        """The ids of all videos whose file is not known to be missing."""
        found = self._database.rows(
            "SELECT video_id FROM videos WHERE NOT removing AND NOT missing"
        )
        return frozenset(row[0] for row in found)

    def hidden_ids(self) -> frozenset[str]:
        """The ids of all others: what is being removed, and what is known to be missing."""
        found = self._database.remembered("SELECT video_id FROM videos WHERE removing OR missing")
        return frozenset(row[0] for row in found)

    def several(self, video_ids: Iterable[str]) -> list[Video]:
        """Those of these videos that are known and not being removed."""
        wanted, read = list(video_ids), self._unchanged()
        if new := [one for one in wanted if one not in read]:
            chosen = "WHERE NOT removing AND video_id IN (SELECT value FROM json_each(?))"
            found = self._known(chosen, json.dumps(new))
            read |= dict.fromkeys(new) | {video.video_id: video for video in found}
        return [video for one in wanted if (video := read[one]) is not None]

    def _unchanged(self) -> dict[str, Video | None]:
        """What was read of videos since anything was written; each answer asks for many."""
        written = self._database.writes()
        if written is None:
            return {}
        if self._read[0] != (written, self.fingerprint):
            self._read = (written, self.fingerprint), {}
        return self._read[1]

    def counts(self) -> dict[VideoState, int]:
        """How many videos are in each state."""
        return Queue(self._database, self.fingerprint).counts()

    def known_content(self, path: Path, size: int, mtime_ns: int) -> str | None:
        """The id of the file at `path` if it looks as it did when it was hashed last."""
        found = self._database.rows(
            "SELECT video_id FROM files WHERE path = ? AND size = ? AND mtime_ns = ?",
            os.fsencode(path),
            size,
            mtime_ns,
        )
        return found[0][0] if found else None

    # What is added.

    def add(
        self, path: Path, title: str, managed: bool, content: Content, *, again: bool = True
    ) -> Video:
        """Take a file in. Content that is known stays one video and keeps its label.

        If the place it was known by is gone, the video has moved here and takes the new label. A
        video that was set aside gets another chance, unless its bytes are what is wrong with it;
        if it is not to be tried `again`, then only where its file was out of reach.
        """
        left = self._left(content.video_id, path)  # asks a disk, so nobody waits for it meanwhile
        with self._database.together():
            self.see(path, content)
            video = self.get(content.video_id)
            if video is None:
                self._insert(path, title, managed, content)
            elif left:
                place = os.fsencode(path)
                now = {"path": place, "title": title, "managed": managed, "folder": None}
                self._change(content.video_id, **now)
            self._change(content.video_id, missing=0)
            self.roots.name_folders()
            if video is not None and self._may_go_better(video, again):
                self.retry(content.video_id)
            return self.need(content.video_id)

    def _left(self, video_id: str, path: Path) -> bool:
        """Whether a video that is offered at `path` is gone from where it was."""
        video = self.get(video_id)
        return video is not None and video.path != path and not self.is_in_place(video)

    def is_in_place(self, video: Video) -> bool:
        """Whether a video's file is where it was, and nothing shows that it is another one."""
        look = look_at(str(video.path))
        if look is None:
            return False
        return self.known_content(video.path, look.size, look.mtime_ns) == video.video_id

    def _may_go_better(self, video: Video, again: bool) -> bool:
        if not again:
            return video.error_code in OUT_OF_REACH
        if video.error_code == "gave_up":
            return video.video_id in self._gave_up
        return video.state == "failed" and video.error_code not in FINAL

    def retry(self, video_id: str) -> None:
        """Give a video that was set aside another chance in every collection."""
        self._database.rows(
            "UPDATE jobs SET state = 'queued', note = NULL, error_code = NULL, step = NULL,"
            " attempts = 0 WHERE video_id = ? AND state = 'failed'",
            video_id,
        )

    def see(self, path: Path, content: Content) -> None:
        """Note that this content lies at `path`, whether it is wanted or not."""
        self._database.rows(
            "REPLACE INTO files (path, size, mtime_ns, video_id, disk) VALUES (?, ?, ?, ?, ?)",
            *(os.fsencode(path), content.size, content.mtime_ns, content.video_id),
            disk_of(str(path.parent)),
        )
        # A video that was here before this content is played from another place it was seen at.
        self._database.rows(
            "UPDATE videos SET path = other.path, folder = NULL FROM files AS other"
            " WHERE videos.path = ? AND videos.video_id != ? AND other.video_id = videos.video_id",
            os.fsencode(path),
            content.video_id,
        )
        self.roots.name_folders()

    def _insert(self, path: Path, title: str, managed: bool, content: Content) -> None:
        self._forget(content.video_id, "jobs", *_SAID)
        self._database.rows(
            "REPLACE INTO videos (video_id, title, path, managed, size, added_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            *(content.video_id, title, os.fsencode(path), managed, content.size, time.time()),
        )

    def moved(self, video_id: str, path: Path, content: Content) -> None:
        """A file that we keep lies at `path` from now on. Raises UnknownVideo."""
        with self._database.together():
            old = os.fsencode(self.need(video_id).path)
            self._database.rows("DELETE FROM files WHERE path = ?", old)
            self.see(path, content)
            self._change(video_id, path=os.fsencode(path))

    def describe(
        self,
        video_id: str,
        duration: float,
        width: int,
        height: int,
        plays: Plays,
        recorded_at: float | None = None,
    ) -> None:
        """Write down what a look at the file told; `recorded_at` is None if it does not say."""
        size = {"duration": duration, "width": width, "height": height}
        self._change(video_id, **size, plays=plays, recorded_at=recorded_at)

    def _change(self, video_id: str, **values: Any) -> None:
        columns = ", ".join(f"{name} = ?" for name in values)
        self._database.rows(
            f"UPDATE videos SET {columns} WHERE video_id = ?", *values.values(), video_id
        )

    # What goes.

    def replaced(self) -> list[Video]:
        """Videos left behind: every place they were seen at holds something else now."""
        return self._known("WHERE NOT removing AND video_id NOT IN (SELECT video_id FROM files)")

    def begin_removal(self, video_id: str) -> Video:
        """Hide a video; what belongs to it can now be deleted. Raises UnknownVideo."""
        with self._database.together():
            video = self.need(video_id)
            self._change(video_id, removing=1)
            return video

    def removals(self) -> list[Video]:
        """Hidden videos whose removal was begun and not finished."""
        return self._known("WHERE removing")

    def finish_removal(self, video_id: str) -> bool:
        """Forget a hidden video and where it was seen; False if it was added again meanwhile."""
        with self._database.together():
            if not self._known("WHERE video_id = ? AND removing", video_id):
                return False
            self._forget(video_id, "videos", "jobs", *_SAID)
            # What was dismissed is remembered by its place: or it is hashed at every start.
            self._database.rows(
                "DELETE FROM files WHERE video_id = ?"
                " AND video_id NOT IN (SELECT video_id FROM dismissed)",
                video_id,
            )
            return True

    def _forget(self, video_id: str, *tables: str) -> None:
        for table in tables:
            self._database.rows(f"DELETE FROM {table} WHERE video_id = ?", video_id)

    def dismiss(self, video_id: str) -> None:
        """Remember that a person removed this content: folders do not bring it back."""
        self._database.rows("INSERT OR IGNORE INTO dismissed (video_id) VALUES (?)", video_id)

    def welcome(self, video_id: str) -> None:
        """A person offers this content; whatever they removed before."""
        self._database.rows("DELETE FROM dismissed WHERE video_id = ?", video_id)

    def is_dismissed(self, video_id: str) -> bool:
        """Whether a person removed this content, and did not offer it again since."""
        return bool(self._database.rows("SELECT 1 FROM dismissed WHERE video_id = ?", video_id))

    def set_missing(self, video_id: str, missing: bool) -> None:
        """Note that a video's file was taken out of its folder, or is back."""
        self._change(video_id, missing=int(missing))

    # What a person chose for all, and what all wait for.

    @property
    def paused(self) -> bool:
        """Whether a person has paused indexing."""
        return self._fact("paused") is not None

    @paused.setter
    def paused(self, paused: bool) -> None:
        self._state("paused", "by a person" if paused else None)

    @property
    def waiting(self) -> str | None:
        """Why nothing goes on for now, in a sentence."""
        return self._fact("waiting")

    @waiting.setter
    def waiting(self, reason: str | None) -> None:
        self._state("waiting", reason)

    def _fact(self, name: str) -> str | None:
        found = self._database.rows("SELECT value FROM facts WHERE name = ?", name)
        return found[0][0] if found else None

    def _state(self, name: str, value: str | None) -> None:
        if value is None:
            self._database.rows("DELETE FROM facts WHERE name = ?", name)
        else:
            self._database.rows("REPLACE INTO facts (name, value) VALUES (?, ?)", name, value)
