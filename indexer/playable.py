"""How every video gets to play in a browser: as it is, or as a copy that is made on request.

Knows which of the two a video needs, and what can be said of it meanwhile. Knows neither how
copies are made (copy_queue.py) nor which ones are kept (copies.py).
"""

import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from indexer.copies import Copies
from indexer.copy_queue import CopyQueue, Job
from indexer.errors import OUT_OF_REACH, VideoError
from indexer.formats import Plays
from indexer.reader import probe
from indexer.records import Video

PlayState = Literal["ready", "needed", "waiting", "making", "failed"]


@dataclass(frozen=True)
class Playback:
    """How a video can be played now.

    `share` (0 to 1) of its copy is made. `version` names the copy that is ready, and is None
    where the video's own file plays. `message` is a sentence about what went wrong.
    """

    state: PlayState
    how: Plays | None
    share: float = 0.0
    version: int | None = None
    message: str | None = None


class Playable:
    """The playable copies of one installation. Safe to use from several threads.

    A browser that could not play what it was given says so (`failed`): then the pictures are
    encoded anew, for that plays everywhere.
    """

    def __init__(self, root: Path, limit_bytes: int, min_free_bytes: int = 0) -> None:
        """Keep at most `limit_bytes` of copies below `root`; `min_free_bytes` of the disk stay."""
        self._copies = Copies(root, limit_bytes, min_free_bytes)
        self._queue = CopyQueue(self._copies)
        self._plays: dict[str, Plays | VideoError] = {}
        self._looking = threading.Lock()

    def look(self, video: Video, failed: bool = False) -> Playback:
        """How the video can be played now; nothing is begun."""
        try:
            given = self._how(video)
        except VideoError as error:
            return Playback("failed", None, message=str(error))
        if given == "as_is" and not failed:
            return Playback("ready", given, 1.0)
        how: Plays = "transcode" if failed else given
        distrust = failed and given == "remux"
        job = None
        if (copy := self._trusted(video.video_id, distrust)) is None:
            job = self._queue.find(video.video_id, anew=how == "transcode")
        if copy is None and job is None:  # the one that was being made may be whole by now
            copy = self._trusted(video.video_id, distrust)
        if copy is not None:
            return Playback("ready", how, 1.0, copy.stat().st_mtime_ns)
        return self._on_its_way(video.video_id, how, job)

    def make(self, video: Video, failed: bool = False) -> Playback:
        """The same, once its copy is begun if it needs one. Who asks again waits for the same."""
        now = self.look(video, failed)
        if now.how is None or now.state in ("ready", "making"):
            return now
        self._queue.ask(Job(video.video_id, video.path, video.size, now.how == "transcode"))
        return self.look(video, failed)

    def file(self, video: Video, copy: bool = False) -> Path | None:
        """What to send to a browser: the video's own file or its copy; None if that is not there.

        `copy` asks for the copy where the file itself would do. Of a file that cannot be read
        there is no better version than itself.
        """
        given: Plays = "as_is"
        with suppress(VideoError):
            given = "transcode" if copy else self._how(video)
        return video.path if given == "as_is" else self._copies.use(video.video_id)

    def remove(self, video_id: str) -> None:
        """Delete a video's copy, also one in the making."""
        self._queue.drop(video_id)
        self._plays.pop(video_id, None)

    def close(self) -> None:
        """Give up what is being made, and leave nothing of it behind."""
        self._queue.close()

    def _how(self, video: Video) -> Plays:
        """How browsers play the file; it is looked at, once, if nobody has looked yet."""
        if video.plays is not None:
            return video.plays
        with self._looking:  # one file at a time, however many pages ask
            known = self._plays.get(video.video_id)
            if known is None:
                known = self._plays[video.video_id] = _looked_at(video.path)
        if isinstance(known, VideoError):
            raise known
        return known

    def _trusted(self, video_id: str, distrust: bool) -> Path | None:
        """The copy of a video; if browsers are distrusted with its pictures, one with new ones."""
        if distrust and not self._queue.is_encoded(video_id):
            return None
        return self._copies.find(video_id)

    def _on_its_way(self, video_id: str, how: Plays, job: Job | None) -> Playback:
        if job is not None:
            waits = job.share is None
            return Playback("waiting" if waits else "making", how, job.share or 0.0)
        failure = self._queue.failure(video_id)
        return Playback("failed" if failure else "needed", how, message=failure)


def _looked_at(path: Path) -> Plays | VideoError:
    """What a look at the file tells. Raises VideoError where the next look may tell more."""
    try:
        return probe(path).plays
    except VideoError as error:
        if error.code in OUT_OF_REACH:
            raise
        return error
