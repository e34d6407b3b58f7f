"""Videos that are the same by content, wholly or in part, and which of them is worth keeping.

Knows how stretches that agree make groups, and what may be removed in favour of what. Does not know
how stretches are compared (alike.py), nor how a video is removed.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from indexer.errors import FilesWouldGo, LibraryError
from indexer.gathered import Places
from indexer.library import Library, Video
from indexer.points import Store
from indexer.stretches import joined
from indexer.study import Standing, Studies

Why = Literal["longest", "largest", "oldest"]
Within = Mapping[str, Mapping[str, float]]
"""What share (0 to 1) of one video lies in another: within[one][other]."""

WHOLE = 0.9  # of a video, which lie in another one: it holds little that the other has not
_LONGER = 1.02  # times as long counts as longer
_LARGER = 1.1


@dataclass(frozen=True)
class Shared:
    """A stretch of video `a` that is the same as one of video `b`, in seconds of each.

    `a_index` and `b_index` are the segments in the middle, `likeness` is the mean cosine.
    """

    a: str
    b: str
    a_index: int
    b_index: int
    a_start: float
    a_end: float
    b_start: float
    b_end: float
    likeness: float


@dataclass(frozen=True)
class Group:
    """Videos that share stretches.

    `keep` is the video to keep, for the reason `why`, if another one lies wholly in it.
    """

    videos: list[Video]
    parts: list[Shared]
    within: Within
    keep: str | None
    why: Why | None

    def replaced_by(self, video_id: str) -> list[str]:
        """The videos of the group that lie wholly in this one."""
        ids = (video.video_id for video in self.videos)
        return [one for one in ids if self.within[one].get(video_id, 0.0) >= WHOLE]


@dataclass(frozen=True)
class Found:
    """What was found last, of the videos that are still there; `stale` segments came since."""

    standing: Standing
    stale: int
    groups: list[Group]


def look(studies: Studies, library: Library, store: Store) -> Found:
    """The groups as they are now, the longest agreement first; nothing is begun."""
    standing = studies.look("duplicates")
    result = studies.result("duplicates") if standing.made_at else None
    if result is None:
        return Found(standing, 0, [])
    places = Places.of(result)
    known = library.titles()
    here = np.array([video_id in known for video_id in places.ids], bool)
    compared = int(here[places.video].sum()) if len(places) else 0
    parts = _parts(result["parts"], places.ids, known)
    named = {one for part in parts for one in (part.a, part.b)}
    videos = {video.video_id: video for one in named if (video := library.get(one)) is not None}
    return Found(standing, max(0, store.count() - compared), groups(parts, videos))


def _parts(rows: np.ndarray, ids: Sequence[str], known: Container[str]) -> list[Shared]:
    """The parts of videos that are still there."""
    named = [(ids[int(a)], ids[int(b)], *rest) for a, b, *rest in rows.tolist()]
    return [
        Shared(a, b, int(a_index), int(b_index), *times)
        for a, b, a_index, b_index, *times in named
        if a in known and b in known
    ]


def groups(parts: Iterable[Shared], videos: Mapping[str, Video]) -> list[Group]:
    """Copies of one another in a group; and pairs of videos that share a part alone.

    Those with the longest agreement come first, groups of copies before pairs.
    """
    parts = [part for part in parts if part.a in videos and part.b in videos]
    within = _within(parts, videos)
    leader = _leaders(parts, within)
    copies: dict[str, list[Shared]] = defaultdict(list)
    partly: dict[frozenset[str], list[Shared]] = {}
    for part in sorted(parts, key=_length_of, reverse=True):
        ends = frozenset((leader[part.a], leader[part.b]))
        if len(ends) == 1:
            copies[leader[part.a]].append(part)
        else:  # of several copies that share it, those that share most of it speak for all
            told = partly.setdefault(ends, [])
            if not told or {part.a, part.b} == {told[0].a, told[0].b}:
                told.append(part)
    return [_group(some, videos, within) for some in (*copies.values(), *partly.values())]


def _length_of(part: Shared) -> float:
    return part.a_end - part.a_start


def _leaders(parts: Sequence[Shared], within: Within) -> dict[str, str]:
    """One video that stands for all that are copies of each other, for each video."""
    leader = {video_id: video_id for part in parts for video_id in (part.a, part.b)}

    def lead(video_id: str) -> str:
        while leader[video_id] != video_id:
            video_id = leader[video_id]
        return video_id

    for part in parts:
        if max(within[part.a][part.b], within[part.b][part.a]) >= WHOLE:
            leader[lead(part.b)] = lead(part.a)
    return {video_id: lead(video_id) for video_id in leader}


def _group(parts: list[Shared], videos: Mapping[str, Video], within: Within) -> Group:
    ids = dict.fromkeys(one for part in parts for one in (part.a, part.b))
    members = sorted((videos[one] for one in ids), key=_worth, reverse=True)
    group = Group(members, parts, within, None, None)
    for video in members:  # the first that makes another one needless
        if replaced := group.replaced_by(video.video_id):
            why = _why(video, [videos[one] for one in replaced])
            return Group(members, parts, within, video.video_id, why)
    return group


def _within(parts: Sequence[Shared], videos: Mapping[str, Video]) -> Within:
    """What share of each video lies in each other."""
    stretches: dict[str, dict[str, list[tuple[float, float]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for part in parts:
        stretches[part.a][part.b].append((part.a_start, part.a_end))
        stretches[part.b][part.a].append((part.b_start, part.b_end))
    return {
        one: {
            other: min(1.0, sum(end - start for start, end in joined(some)) / _length(videos[one]))
            for other, some in shared.items()
        }
        for one, shared in stretches.items()
    }


def _length(video: Video) -> float:
    return max(video.duration or 0.0, 1e-3)


def _pixels(video: Video) -> int:
    return (video.width or 0) * (video.height or 0)


def _worth(video: Video) -> tuple[float, float, float]:
    """What is kept first: the longest, then the largest picture, then what came first."""
    length = round(np.log(_length(video)) / np.log(_LONGER) / 2)
    return float(length), float(_pixels(video)), -video.added_at


def _why(kept: Video, others: Sequence[Video]) -> Why:
    """What speaks most for the one that is kept."""
    if all(_length(kept) > _LONGER * _length(other) for other in others):
        return "longest"
    if all(_pixels(kept) > _LARGER * _pixels(other) for other in others):
        return "largest"
    return "oldest"


def check_keeping(
    found: Found, library: Library, keep: str, remove: Sequence[str], delete_files: bool
) -> None:
    """Raise unless these videos may go in favour of the one that is kept.

    UnknownVideo; LibraryError where they are not known to agree, or the kept one's file is not
    there; FilesWouldGo where uploaded files would be deleted and `delete_files` does not say so.
    """
    kept = library.need(keep)
    going = [library.need(video_id) for video_id in remove]
    if keep in remove or not going:
        raise LibraryError("Name one video to keep, and others to remove. Nothing was removed.")
    if kept.missing or not kept.path.is_file():
        raise LibraryError(
            f"The file of “{kept.title}”, which is to be kept, is not there now. Nothing was "
            "removed. Bring it back first, or keep another one."
        )
    agree = {frozenset((part.a, part.b)) for group in found.groups for part in group.parts}
    for video in going:
        if frozenset((keep, video.video_id)) not in agree:
            raise LibraryError(
                f"“{video.title}” is not known to agree with “{kept.title}”. Nothing was removed. "
                "Look for duplicates again."
            )
    _check_files([video for video in going if video.managed], delete_files)


def _check_files(ours: Sequence[Video], delete_files: bool) -> None:
    if ours and not delete_files:
        names = ", ".join(f"“{video.title}”" for video in ours)
        raise FilesWouldGo(
            f"Uploaded here, and in no folder of yours: {names}. Removing them deletes their files "
            "for good. Nothing was removed. Say so explicitly if that is what you want."
        )
