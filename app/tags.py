"""Tags of videos and of stretches of them, under /api/v1.

Knows addresses and JSON. Every request may be repeated: the second one changes nothing. Does not
know how tags are kept, nor how a search is narrowed to them.
"""

from typing import Annotated

from fastapi import APIRouter, Path

from app.access import KnownTags, KnownVideo, WritableTags
from app.labelled import AllTagsOut, MarkIn, MarkOut, MarksOut, TagCountOut, TagsOut
from app.schemas import Identifier

router = APIRouter(prefix="/api/v1")
MarkId = Annotated[int, Path(ge=0, le=2**63 - 1)]


@router.get("/tags")
def all_tags(tags: KnownTags) -> AllTagsOut:
    """Every tag of the library, the one of most videos first."""
    return AllTagsOut(tags=[TagCountOut.model_validate(one) for one in tags.all()])


@router.get("/videos/{video_id}/tags")
def tags_of(video: KnownVideo) -> TagsOut:
    """The tags of one video as a whole."""
    return TagsOut(tags=list(video.tags))


# A tag may hold a slash.
@router.put("/videos/{video_id}/tags/{tag:path}")
def put_tag(video: KnownVideo, tag: str, tags: WritableTags) -> TagsOut:
    """Tag a video. Two tags that differ in case only are one, as it was written last."""
    tags.add(video.video_id, tag)
    return TagsOut(tags=tags.of(video.video_id))


@router.delete("/videos/{video_id}/tags/{tag:path}", status_code=204)
def delete_tag(video_id: Identifier, tag: str, tags: WritableTags) -> None:
    """Take a tag off a video; what is marked with it stays marked."""
    tags.remove(video_id, tag)


@router.get("/videos/{video_id}/marks")
def marks(video: KnownVideo, tags: KnownTags) -> MarksOut:
    """The stretches of one video that are marked."""
    return MarksOut(marks=[MarkOut.model_validate(one) for one in tags.marks(video.video_id)])


@router.post("/videos/{video_id}/marks", status_code=201)
def post_mark(video: KnownVideo, asked: MarkIn, tags: WritableTags) -> MarkOut:
    """Mark a stretch of a video with a tag; marked so already, it stays as it is."""
    return MarkOut.model_validate(tags.mark(video.video_id, asked.start, asked.end, asked.tag))


@router.delete("/marks/{mark_id}", status_code=204)
def delete_mark(mark_id: MarkId, tags: WritableTags) -> None:
    """Forget a mark. One that is not here is gone already."""
    tags.unmark(mark_id)
