"""Looks after the file behind every video: still there, readable, and the same bytes.

Knows sizes, times and hashes. Never changes or deletes a file: those in folders are a person's.
"""

import os
from collections.abc import Iterator
from functools import partial

from indexer.content import Content, read_content
from indexer.errors import VideoError
from indexer.library import Video
from indexer.upkeep.case import Case, Finding


def check_sources(case: Case) -> Iterator[Finding]:
    """Files that are gone, cannot be read, or hold something else than they did."""
    for video in case.videos.values():
        if not video.missing and not case.unchanged(video):
            yield _trouble(case, video)


def _trouble(case: Case, video: Video) -> Finding:
    if not os.path.lexists(video.path):
        return _gone(video)
    try:
        content = read_content(video.path)
    except VideoError as error:
        told = f"{_name(video)} cannot be read. {error}"
        return Finding("file_unreadable", told, video.video_id)
    return _touched(case, video, content) if content.video_id == video.video_id else _other(video)


def _gone(video: Video) -> Finding:
    back = "Upload it again" if video.managed else "Put it back or connect its disk"
    told = f"{_name(video)} is gone. {back}, or remove the video from the library."
    return Finding("file_gone", told, video.video_id)


def _other(video: Video) -> Finding:
    told = f"{_name(video)} holds something else than when it was added, so what is found in it "
    told += "may not be what plays. "
    told += "Upload it" if video.managed else "Add its folder"
    told += " again, or remove the video from the library."
    return Finding("file_changed", told, video.video_id)


def _touched(case: Case, video: Video, content: Content) -> Finding:
    told = f"{_name(video)} was touched since it was added, though its bytes are the same."
    return Finding("file_touched", told, video.video_id, partial(_seen, case, video, content))


def _seen(case: Case, video: Video, content: Content) -> str:
    case.library.add(video.path, video.title, video.managed, content)
    return "That is noted, so that it need not be read again."


def _name(video: Video) -> str:
    kind = "uploaded file" if video.managed else "file"
    return f"The {kind} of “{video.title}” ({video.path})"
