"""Finds what belongs to nobody in the data folder, and pictures that should be there.

Knows the layout of the data folder. What a person sent is never deleted unless they removed it:
an upload without a video is taken in. Files whose names are not ours are left alone.
"""

import re
import shutil
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from indexer.content import read_content
from indexer.errors import VideoError
from indexer.library import Video
from indexer.media import PICTURES
from indexer.partial import strays
from indexer.store import remove_collection
from indexer.study import FOLDER
from indexer.upkeep.case import Case, Finding

_ID = re.compile(r"[0-9a-f]{64}")
_KEY = re.compile(r"[0-9a-f]{16}")
_DELETED = "It is deleted."
_WORDS = {"posters": "pictures", "strips": "strips of frames"}


def check_leftovers(case: Case) -> Iterator[Finding]:
    """Files and folders that belong to nobody, and pictures that are missing."""
    yield from _check_removals(case)
    yield from _check_media(case)
    yield from _check_index(case)
    yield from _check_studies(case)
    yield from _check_partial(case)


def _check_removals(case: Case) -> Iterator[Finding]:
    for video in case.library.removals():
        yield Finding(
            "removal_interrupted",
            f"The removal of “{video.title}” was interrupted.",
            video.video_id,
            partial(_finish_removal, case, video),
        )


def _finish_removal(case: Case, video: Video) -> str:
    if case.store is not None:
        case.store.delete_video(video.video_id)
    _delete(case.media / video.video_id)
    cleared = case.serving.fingerprint if case.serving and case.store else ""
    case.collections.leave(video.video_id, frozenset({cleared}))
    case.library.finish_removal(video.video_id)
    return "It is finished."


def _check_media(case: Case) -> Iterator[Finding]:
    removing = {video.video_id for video in case.library.removals()}
    for folder in _entries(case.media):
        if not _ID.fullmatch(folder.name) or folder.name in removing:
            continue
        video = case.videos.get(folder.name)
        if video is None:
            yield _orphan(case, folder)
        else:
            yield from _check_pictures(case, video, folder)


def _orphan(case: Case, folder: Path) -> Finding:
    source = next(folder.glob("source*"), None)
    if source is None or case.library.is_dismissed(folder.name):
        told = f"The folder {folder} belongs to no video."
        return Finding("folder_of_nobody", told, folder.name, partial(_delete, folder))
    told = f"The uploaded file {source} belongs to no video in the library."
    mend = partial(_take_in, case, source) if _holds(source, folder.name) else None
    return Finding("upload_lost", told, folder.name, mend)


def _holds(source: Path, video_id: str) -> bool:
    try:
        return read_content(source).video_id == video_id
    except VideoError:
        return False


def _take_in(case: Case, source: Path) -> str:
    content = read_content(source)
    title = f"Upload {content.video_id[:8]}"  # its name went with its place in the library
    case.library.add(source, title, managed=True, content=content)
    return f"It is taken in as “{title}” and queued to be indexed."


def _check_pictures(case: Case, video: Video, folder: Path) -> Iterator[Finding]:
    known = {one.fingerprint for one in case.collections.all()}
    for kind in PICTURES:
        for made in _entries(folder / kind):
            if made.name not in known:
                told = f"The pictures in {made} belong to no index."
                yield Finding(f"{kind}_of_nobody", told, video.video_id, partial(_delete, made))
        if case.serving is not None and video.state == "done":
            yield from _compare_pictures(case, video, kind, folder / kind / case.key)


def _compare_pictures(case: Case, video: Video, kind: str, folder: Path) -> Iterator[Finding]:
    if kind == "strips" and not folder.exists():
        return  # an earlier version made none; nothing but a look into moments needs them
    found = {path.name for path in _entries(folder) if path.suffix == ".jpg"}
    wanted = {f"{index}.jpg" for index in range(video.segments_planned)}
    if lost := len(wanted - found):
        told = f"“{video.title}”: {lost} of its {len(wanted)} {_WORDS[kind]} are missing."
        mend = partial(_redo, case, video) if case.unchanged(video) else None
        yield Finding(f"{kind}_missing", told, video.video_id, mend)
    if surplus := sorted(found - wanted):
        told = f"“{video.title}”: {len(surplus)} {_WORDS[kind]} belong to none of its segments."
        mend = partial(_delete_all, [folder / name for name in surplus])
        yield Finding(f"{kind}_of_nobody", told, video.video_id, mend)


def _redo(case: Case, video: Video) -> str:
    case.queue.redo(video.video_id)
    return "It is queued to be indexed again, and stays searchable until then."


def _check_index(case: Case) -> Iterator[Finding]:
    if case.serving is None:
        return  # an index is recorded when the first video is indexed, and made before that
    index = case.settings.data_dir / "index"
    known = {one.fingerprint for one in case.collections.all()}
    for folder in _entries(index):
        if _KEY.fullmatch(folder.name) and folder.name not in known:
            told = f"The folder {folder} holds an index that the library does not know."
            mend = partial(_remove_index, case, folder.name)
            yield Finding("index_of_nobody", told, None, mend)


def _remove_index(case: Case, key: str) -> str:
    remove_collection(case.settings.model_copy(update={"qdrant_url": None}), key)
    return _DELETED


def _check_studies(case: Case) -> Iterator[Finding]:
    known = {one.fingerprint for one in case.collections.all()}
    for folder in _entries(case.settings.data_dir / FOLDER):
        if _KEY.fullmatch(folder.name) and folder.name not in known:
            told = f"What the folder {folder} holds was computed over an index that is gone."
            yield Finding("study_of_nobody", told, None, partial(_delete, folder))


def _check_partial(case: Case) -> Iterator[Finding]:
    """What was being written when a process was killed."""
    data_dir = case.settings.data_dir
    found = [*data_dir.glob("*.partial"), *strays(data_dir / "uploads")]
    found += (data_dir / "clips").glob("*.mp4")
    for room in ("media", "index", FOLDER):
        found += (data_dir / room).rglob("*.partial")
    for path in sorted(found):
        told = f"The file {path} was never finished."
        yield Finding("unfinished_file", told, None, partial(_delete, path))


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _delete(path: Path) -> str:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    return _DELETED


def _delete_all(paths: Iterable[Path]) -> str:
    for path in paths:
        path.unlink(missing_ok=True)
    return "They are deleted."
