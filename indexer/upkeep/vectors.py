"""Compares what the library calls searchable with the segments that are stored.

Knows counts and indexes of the collection that serves. Knows neither files nor vectors.
"""

from collections.abc import Iterator
from functools import partial

from indexer.library import Video
from indexer.upkeep.case import Case, Finding


def check_vectors(case: Case) -> Iterator[Finding]:
    """Segments that are missing, too many, or of videos that nobody knows."""
    if case.store_error is not None:
        yield Finding(case.store_error.code, str(case.store_error))
        return
    for video in case.videos.values():
        if video.state == "done":
            yield from _check_done(case, video)
        elif video.state == "failed":
            yield from _check_failed(case, video)
    yield from _check_strangers(case)


def _check_done(case: Case, video: Video) -> Iterator[Finding]:
    planned = video.segments_planned
    counted = case.stored.get(video.video_id, 0)
    right = _right(case, video) if counted else 0
    if right == counted == planned:
        return
    mend = None
    if case.unchanged(video):
        mend = partial(_index_again, case, video, clear=counted > right)
    if right < planned:
        told = f"{planned - right} of its {planned} segments are missing from the index, so those "
        told += "parts of it cannot be found"
        code = "segments_missing"
    else:
        told = f"the index holds {counted} segments of it where {planned} belong"
        code = "segments_surplus"
    yield Finding(code, f"“{video.title}”: {told}.", video.video_id, mend)


def _right(case: Case, video: Video) -> int:
    """How many of the segments that belong to a video are stored."""
    assert case.store is not None
    return len(
        {one.index for one in case.store.outline(video.video_id)}.intersection(
            range(video.segments_planned)
        )
    )


def _index_again(case: Case, video: Video, clear: bool) -> str:
    """Fill what is missing; segments too many can only be cleared all together."""
    case.queue.start_over(video.video_id)
    if clear:
        _clear(case, video.video_id)
    return "It is queued to be indexed again."


def _check_failed(case: Case, video: Video) -> Iterator[Finding]:
    if counted := case.stored.get(video.video_id, 0):
        yield Finding(
            "segments_of_failed",
            f"“{video.title}” was set aside, yet {counted} segments of it are in the index.",
            video.video_id,
            partial(_clear, case, video.video_id),
        )


def _check_strangers(case: Case) -> Iterator[Finding]:
    known = case.videos.keys() | {video.video_id for video in case.library.removals()}
    for video_id in sorted(case.stored.keys() - known):
        message = f"The index holds {case.stored[video_id]} segments of a video that the library "
        if case.settings.qdrant_url is None:
            mend = partial(_clear, case, video_id)
            yield Finding("segments_of_nobody", message + "does not know.", video_id, mend)
        else:  # two libraries of one model share a server's collection
            message += "does not know; they may belong to another library on this Qdrant server."
            yield Finding("segments_of_others", message, video_id, note=True)


def _clear(case: Case, video_id: str) -> str:
    assert case.store is not None
    case.store.delete_video(video_id)
    case.store.flush()
    return "They are deleted."
