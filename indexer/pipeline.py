"""One video: read -> embed -> store, overlapped, and taken up where it was left.

Three threads with bounded queues between them: one reads frames from the decoding child
(ahead.py), the caller's embeds, one stores. Knows the order in which things become durable:
picture, vectors, checkpoint, and `done` only when the store's count equals the plan. Knows neither
the queue of videos nor what happens after a failure.
"""

import errno
import math
import time
from collections import deque
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from encoder.embedder import Embedder
from encoder.windows import Vectors
from indexer.ahead import Ahead, result
from indexer.decoding import Decode, Probe, Reader, Sample, Summary
from indexer.errors import StoreError, VideoError
from indexer.job import Job
from indexer.library import Library, Video
from indexer.media import Media
from indexer.meters import Meters
from indexer.points import Point, Store
from indexer.queue import Queue
from indexer.reader import FrameReader, probe, read_frames
from indexer.records import Step
from indexer.relay import Frames, Relay
from indexer.segments import Segment, grid_size, planned_count, rate_for
from indexer.settings import Fingerprint
from indexer.strips import strip
from indexer.upcoming import Upcoming, decoders
from indexer.windows import Windows

# A file, a folder, a disk or a share that is not there: no fault of the video's.
_AWAY = frozenset(
    {errno.ENOENT, errno.ENOTDIR, errno.ENODEV, errno.ENXIO}
    | {errno.ENOTCONN, errno.ESTALE, errno.EHOSTDOWN, errno.EHOSTUNREACH}
)
WRITES_WAITING = 2


@dataclass(frozen=True)
class Outcome:
    """How many segments a video has, and a sentence if not all of it could be read."""

    segments: int
    note: str | None


@dataclass(frozen=True)
class Pipeline:
    """What every video passes on its way from a file to points."""

    embedder: Embedder
    library: Library
    queue: Queue
    store: Store
    media: Media
    fingerprint: Fingerprint
    meters: Meters
    reader: Reader = "pyav"
    decode: Decode = "exact"
    upcoming: Upcoming = field(default_factory=Upcoming)

    def index(self, video: Video, job: Job) -> Outcome:
        """Embed and store every segment of `video` that is not stored yet.

        Raises VideoError, StoreError, whatever the embedder raises, and Cancelled from `job`.
        """
        try:
            self._check_unchanged(video)
            if video.redo:
                self._begin_anew(video)
            summary, segments = self._embed(video, job)
            self._enter(job, "check")
            with self.meters.stage("check"):
                self._verify(video, segments)
        except BaseException:  # nobody knows when the next one's turn comes
            self.upcoming.close()
            raise
        return Outcome(segments, summary.note)

    def _embed(self, video: Video, job: Job) -> tuple[Summary, int]:
        """Embed and store what is missing; returns what was read, and the segments there are."""
        attempt = _Attempt(self, video, job)
        with ThreadPoolExecutor(1, "store") as storing, self._ahead(video, attempt.first) as ahead:
            with self.meters.stage("open"):
                frames, rate = ahead.opened(job)
            attempt.begin(frames.probe, rate, storing)
            self._enter(job, "embed")
            for sample in ahead.samples(job):
                attempt.take(sample)
                if sample.index == attempt.first + self.fingerprint.frames:
                    self._look_ahead(video)  # a first segment comes before other videos
            self._look_ahead(video)
            assert frames.summary is not None
            return frames.summary, attempt.finish(frames.summary)

    def _ahead(self, video: Video, first: int) -> Ahead:
        """The video's frames from `first` on, which others may have begun to read before."""
        begun = self.upcoming.take(video.video_id)
        if begun is not None and first == 0:
            return begun
        if begun is not None:
            begun.close()
        opening = partial(self._open, video, first)
        return Ahead(opening, self.meters, self.fingerprint.frames + 1)

    def _look_ahead(self, video: Video) -> None:
        """Begin to read the videos that come next: one decoder does not fill a machine."""
        coming = self.queue.fresh(decoders() - 1, video.video_id)
        wanted = {one.video_id: partial(self._open, one, 0) for one in coming}
        self.upcoming.keep(wanted, self.meters)

    def salvage(self, video: Video) -> Outcome | None:
        """Make do with what is stored of a video that cannot be read further; None if nothing is.

        Segments are stored in the order of time, so this is the video's beginning.
        """
        stored = self.store.segments(video.video_id)
        if [segment.index for segment in stored] != list(range(len(stored))) or not stored:
            return None
        known = self.library.need(video.video_id)
        note = f"Only {stored[-1].end:.1f} of {known.duration or 0:.1f} s could be read."
        return Outcome(len(stored), note)

    def stored(self, video_id: str) -> int:
        """How many segments of a video are stored."""
        return self.store.count(video_id)

    def discard(self, video_id: str) -> None:
        """Take back what was stored of a video that is set aside, or is to be indexed anew."""
        self.store.delete_video(video_id)
        self.media.remove_pictures(video_id)

    def _enter(self, job: Job, step: Step) -> None:
        job.step = step
        self.queue.enter(job.video_id, step)

    def _check_unchanged(self, video: Video) -> None:
        """Refuse a file that is no longer the one whose hash names the video."""
        try:
            now = video.path.stat()
        except OSError as error:
            if error.errno in _AWAY:
                raise VideoError("not_there") from error
            raise VideoError("io_error", reason=error.strerror or "it is gone") from error
        if self.library.known_content(video.path, now.st_size, now.st_mtime_ns) != video.video_id:
            raise VideoError("io_error", reason="it has changed since it was added")

    def _begin_anew(self, video: Video) -> None:
        """Take back what is stored of a video that is to be indexed again, if it can be read."""
        probe(video.path)
        self.discard(video.video_id)
        self.queue.begin_anew(video.video_id)

    def _open(self, video: Video, first: int, children: ExitStack) -> tuple[Frames, float]:
        """Frames from the grid point `first` on, and their rate: higher if the video is short."""
        usual = self.fingerprint.fps
        reading = partial(self._read, video, usual)
        most = decoders() if self.reader == "pyav" else 1  # decord seeks as it likes
        frames: Frames = children.enter_context(Relay(reading, first, most))
        rate = rate_for(frames.probe.duration, self.fingerprint.frames, usual)
        if rate != usual:
            frames = children.enter_context(self._read(video, rate, first))
        return frames, rate

    def _read(self, video: Video, fps: float, first: int, last: int | None = None) -> FrameReader:
        return read_frames(
            video.path,
            pixels=self.fingerprint.pixels,
            fps=fps,
            reader=self.reader,
            resize=self.fingerprint.resize,
            first=first,
            last=last,
            decode=self.decode,
        )

    def _verify(self, video: Video, planned: int) -> None:
        """Done must mean stored. What does not add up is cleared, so that the next try is clean."""
        counted = self.store.count(video.video_id)
        if counted != planned:
            self.store.delete_video(video.video_id)
            raise StoreError(
                f"The store holds {counted} of the video's segments where {planned} were planned. "
                "They were cleared; indexing it again usually helps."
            )
        self.store.flush()


class _Attempt:
    """One video on its way: frames waiting for their window, vectors waiting to be stored."""

    def __init__(self, parts: Pipeline, video: Video, job: Job) -> None:
        stored = frozenset(place.index for place in parts.store.outline(video.video_id))
        self._parts = parts
        self._video = video
        self._job = job
        self._hop = parts.fingerprint.hop_frames
        self._windows = Windows(parts.fingerprint.frames, self._hop, stored)
        self._stream = parts.embedder.window_stream()
        self.first = self._windows.earliest
        self._seen = self.first
        self._enough = 1  # a first segment is found as soon as can be; later ones fill the device
        self._waiting: list[Sample] = []
        self._ready: list[Segment] = []
        self._thumbnails: dict[int, bytes] = {}
        self._stored = len(stored)
        self._writes: deque[Future[None]] = deque()
        self._reached = 0.0  # seconds of the video that are stored
        self._noted = time.monotonic()  # no wall clock: that may be set back

    def begin(self, probe: Probe, rate: float, storing: Executor) -> None:
        """Note what the video promises to be."""
        self._rate = rate
        self._storing = storing
        self._turns = self._parts.meters.turns("store")
        samples = grid_size(probe.duration, rate)
        planned = planned_count(samples, self._parts.fingerprint.frames, self._hop)
        self._parts.library.describe(
            self._video.video_id,
            probe.duration,
            probe.width,
            probe.height,
            probe.plays,
            probe.recorded_at,
        )
        self._parts.queue.expect(self._video.video_id, planned)

    def take(self, sample: Sample) -> None:
        """One more frame; embeds what lies before it and is complete."""
        if len(self._waiting) == self._hop:
            self._push()
            self._ready += self._windows.ready(self._seen + 1, self._rate)
            if len(self._ready) >= self._enough:
                self._enough = self._most_at_a_time()
                self._embed()
        self._waiting.append(sample)

    def _most_at_a_time(self) -> int:
        """How many windows fill a batch, and bring enough new frames to fill a chunk."""
        embedder = self._parts.embedder
        return max(embedder.batch, math.ceil(embedder.chunk / self._hop))

    def finish(self, summary: Summary) -> int:
        """Embed what only the end completes and wait until all is stored; returns the plan."""
        self._push()
        rest, planned = self._windows.rest(summary.samples, summary.readable, self._rate)
        self._ready += rest
        self._embed()
        while self._writes:
            result(self._writes.popleft(), self._job)
        return planned

    def _push(self) -> None:
        self._job.check()
        if self._waiting:
            with self._parts.meters.stage("embed"):
                self._stream.push(np.stack([sample.pixels for sample in self._waiting]))
        for sample in self._waiting:
            assert sample.thumbnail is not None
            self._thumbnails[sample.index] = sample.thumbnail
        self._seen += len(self._waiting)
        self._waiting.clear()

    def _embed(self) -> None:
        """Embed the segments that are ready; as many at a time as suits the device."""
        self._job.check()
        segments, self._ready = self._ready, []
        if not segments:
            return
        # The stream counts from the first frame that it was given.
        windows = [[frame - self.first for frame in segment.frames] for segment in segments]
        with self._parts.meters.stage("embed"):
            vectors = self._stream.begin(windows)
        self._put(segments, vectors, [self._pictures(segment) for segment in segments])
        self._forget_before(self._windows.earliest)

    def _pictures(self, segment: Segment) -> list[bytes]:
        """A small picture of each of its frames."""
        return [self._thumbnails[frame] for frame in segment.frames]

    def _forget_before(self, index: int) -> None:
        self._stream.drop_before(index - self.first)
        for old in [known for known in self._thumbnails if known < index]:
            del self._thumbnails[old]

    def _put(self, segments: list[Segment], vectors: Vectors, pictures: list[list[bytes]]) -> None:
        """Hand segments to the storing thread, waiting while it is behind."""
        meters = self._parts.meters
        meters.filled("vectors", sum(not w.done() for w in self._writes) / WRITES_WAITING)
        with meters.waits("embed"):
            while len(self._writes) >= WRITES_WAITING:
                result(self._writes.popleft(), self._job)
        self._writes.append(self._storing.submit(self._write, segments, vectors, pictures))

    def _write(
        self, segments: list[Segment], vectors: Vectors, pictures: list[list[bytes]]
    ) -> None:
        """Pictures first: a segment that is found has one. The checkpoint last: it may lag."""
        meters = self._parts.meters
        points = [
            Point(self._video.video_id, segment.index, segment.start, segment.end, vector)
            for segment, vector in zip(segments, vectors(), strict=True)
        ]
        with self._turns.turn(), meters.stage("store"), self._job.writing():
            for point, frames in zip(points, pictures, strict=True):
                self._save_pictures(point, frames)
            self._parts.store.upsert(points)
            self._stored += len(points)
            now = time.monotonic()
            self._parts.queue.checkpoint(self._video.video_id, self._stored, now - self._noted)
            self._noted = now
        meters.segments.inc(len(points))
        meters.seconds.inc(points[-1].end - max(self._reached, points[0].start))
        self._reached = points[-1].end

    def _save_pictures(self, point: Point, frames: list[bytes]) -> None:
        media = self._parts.media
        media.save_poster(point.video_id, point.index, frames[len(frames) // 2])
        media.save_strip(point.video_id, point.index, strip(frames))
