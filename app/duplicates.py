"""Duplicates under /api/v1: look for them, and keep one of several.

Knows addresses and JSON. Does not know how they are found, nor what a removal takes along.
"""

from dataclasses import asdict

from fastapi import APIRouter

from app.access import OpenEngine
from app.describe import describe_video, poster_url
from app.studied import CopyOut, DuplicatesOut, GroupOut, KeepIn, PartOut
from indexer import duplicates as finding
from indexer.duplicates import Found, Group, Shared
from indexer.engine import Engine

router = APIRouter(prefix="/api/v1")


@router.get("/duplicates")
def duplicates(engine: OpenEngine) -> DuplicatesOut:
    """Which videos are the same by content, wholly or in part, as far as was looked."""
    return _described(_look(engine))


@router.post("/duplicates", status_code=202)
def find_duplicates(engine: OpenEngine) -> DuplicatesOut:
    """Look for duplicates, unless nothing came since they were looked for last."""
    found = _look(engine)
    if found.standing.state == "none" or found.stale:
        engine.studies.ask("duplicates")
    return _described(_look(engine))


@router.post("/duplicates/keep")
def keep(asked: KeepIn, engine: OpenEngine) -> DuplicatesOut:
    """Remove videos in favour of one that holds what they show.

    A file that lies in a folder of its own is left where it is. One that was uploaded is deleted,
    and only with `delete_files`.
    """
    engine.check_writable("keeps its videos")
    finding.check_keeping(
        _look(engine), engine.library, asked.keep, asked.remove, asked.delete_files
    )
    for video_id in dict.fromkeys(asked.remove):
        engine.remove(video_id)
    return _described(_look(engine))


def _look(engine: Engine) -> Found:
    return finding.look(engine.studies, engine.library, engine.serving.store)


def _described(found: Found) -> DuplicatesOut:
    standing = found.standing
    return DuplicatesOut(
        state=standing.state,
        share=standing.share,
        made_at=standing.made_at,
        stale=found.stale,
        message=standing.message,
        groups=[_group(group) for group in found.groups],
    )


def _group(group: Group) -> GroupOut:
    return GroupOut(
        keep=group.keep,
        why=group.why,
        videos=[
            CopyOut(video=describe_video(one), replaces=group.replaced_by(one.video_id))
            for one in group.videos
        ],
        parts=[_part(part) for part in group.parts],
    )


def _part(part: Shared) -> PartOut:
    return PartOut(
        a_poster=poster_url(part.a, part.a_index),
        b_poster=poster_url(part.b, part.b_index),
        **asdict(part),
    )
