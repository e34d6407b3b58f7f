"""Steers an indexed installation and kills itself at a chosen instant; see test_steered_kills.py.

Arguments: data folder, what is done (remove, reindex, ruin, switch), the number of the event to die
at. What is ruined lies beside the data folder.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import untrained
from killed import Fate

from indexer.collection import Collection
from indexer.engine import Engine
from indexer.settings import Settings

Owner = tuple[Any, tuple[str, ...]]


def opened(data_dir: Path, seed: int) -> Engine:
    """The installation, asked to use the model of this seed; older ones are found again."""

    def load(record: Collection) -> Any:
        assert record.spec is not None
        return untrained.embedder(int(record.spec.weights_id.removeprefix("untrained")))

    settings = Settings(data_dir=data_dir, model="toy")
    return Engine(settings, untrained.embedder(seed), load=load)


def remove(engine: Engine) -> list[Owner]:
    """What writes while a video is removed."""
    return [
        (engine.library, ("dismiss", "begin_removal", "finish_removal")),
        (engine.store, ("delete_video",)),
        (engine._media, ("remove",)),
        (engine._collections, ("leave",)),
    ]


def reindex(engine: Engine) -> list[Owner]:
    """What writes while a video is indexed again."""
    return [
        (engine.serving.queue, ("redo", "begin", "begin_anew", "checkpoint", "mark_done")),
        (engine.store, ("delete_video", "upsert", "flush")),
    ]


def ruin(engine: Engine) -> list[Owner]:
    """What writes while a video turns out to be damaged after some of it was stored."""
    return [
        (engine.serving.queue, ("begin", "checkpoint", "mark_failed")),
        (engine.store, ("upsert", "delete_video")),
    ]


def switch(engine: Engine) -> list[Owner]:
    """What writes while another collection is built and takes over."""
    assert engine.building is not None
    return [
        (engine._collections, ("use", "swap")),
        (engine.building.queue, ("begin", "mark_done")),
        (engine.building.store, ("flush", "promote")),
    ]


DEEDS: dict[str, Callable[[Engine], list[Owner]]] = {
    deed.__name__: deed for deed in (remove, reindex, ruin, switch)
}


def main(data_dir: str, deed: str, number: str) -> None:
    fate = Fate(int(number))
    with opened(Path(data_dir), seed=int(deed == "switch")) as engine:
        for owner, verbs in DEEDS[deed](engine):
            for verb in verbs:
                setattr(owner, verb, fate.around(getattr(owner, verb)))
        video = engine.library.videos()[0]
        if deed == "remove":
            engine.remove(video.video_id)
        elif deed == "reindex":
            engine.reindex(video.video_id)
        elif deed == "ruin":
            engine.add_files([Path(data_dir).parent / "ruined.mp4"])
        engine.worker.start()
        engine.worker.wait(120)


if __name__ == "__main__":
    main(*sys.argv[1:])
