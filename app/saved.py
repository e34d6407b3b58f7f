"""Searches under a name, and selections under an id, under /api/v1.

Knows addresses and JSON. Does not know what a saved question asks for, nor what a selection was
made of.
"""

from fastapi import APIRouter

from app.access import OpenEngine
from app.errors import NO_SELECTION, NotFoundError
from app.labelled import (
    QuestionIn,
    SavedSearchesOut,
    SavedSearchOut,
    SelectedOut,
    SelectionIn,
    SelectionOut,
)
from indexer.saved import SavedSearches
from indexer.selections import Selections

router = APIRouter(prefix="/api/v1")


@router.get("/searches")
def searches(engine: OpenEngine) -> SavedSearchesOut:
    """Every saved search, the newest first."""
    saved = SavedSearches(engine.library.database).all()
    return SavedSearchesOut(searches=[SavedSearchOut.model_validate(one) for one in saved])


# A name may hold a slash.
@router.put("/searches/{name:path}")
def save_search(name: str, asked: QuestionIn, engine: OpenEngine) -> SavedSearchOut:
    """Save a question under a name; one of the same name is replaced."""
    engine.check_writable("keeps its saved searches as they are")
    saved = SavedSearches(engine.library.database).save(name, asked.question)
    return SavedSearchOut.model_validate(saved)


@router.delete("/searches/{name:path}", status_code=204)
def delete_search(name: str, engine: OpenEngine) -> None:
    """Forget a saved search. One that is not here is gone already."""
    engine.check_writable("keeps its saved searches as they are")
    SavedSearches(engine.library.database).remove(name)


@router.post("/selections", status_code=201)
def select(asked: SelectionIn, engine: OpenEngine) -> SelectionOut:
    """Keep stretches of videos for searches within them, as long as there is room for newer ones.

    A read-only library takes them as well: a selection is a part of a question.
    """
    return SelectionOut(selection=Selections(engine.library.database).keep(asked.videos))


@router.get("/selections/{selection_id}")
def selection(selection_id: str, engine: OpenEngine) -> SelectedOut:
    """What is in a selection."""
    found = Selections(engine.library.database).get(selection_id)
    if found is None:
        raise NotFoundError(NO_SELECTION)
    videos = {video_id: list(stretches) for video_id, stretches in found.items()}
    return SelectedOut(selection=selection_id, videos=videos)
