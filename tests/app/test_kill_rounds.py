"""The program is killed at random instants, a hundred times; nothing is lost, doubled or redone.

The instants are drawn from a seed, which a failure prints. They are counted in the program's own
seconds of work, so that a busy machine is no safer than an idle one.
"""

import sys
from collections import Counter
from pathlib import Path

import mixed
import numpy as np
import pytest
from facts import check_complete, files_left_over, look
from killing import Program
from lives import Life, Usual
from patience import until

from indexer.settings import Settings
from indexer.upkeep.doctor import examine

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="watches files and processes as Linux does"),
    pytest.mark.timeout(7200),
]
TOY = Path(__file__).resolve().parent.parent.parent / "assets" / "toy" / "toy_lvt.npz"


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Usual:
    """What an undisturbed run gives, and other weights to switch to."""
    folder = tmp_path_factory.mktemp("undisturbed")
    library = mixed.make(folder)
    (folder / "nothing").mkdir()
    np.savez(folder / "other.npz", **{name: 0.9 * one for name, one in np.load(TOY).items()})
    command = ("index", str(library), "--model", "toy", "--data-dir", str(folder / "data"))
    with Program(folder / "log", *command) as program:
        assert until(program.children)
        startup = program.worked
        assert program.ends_within(600)
    (facts,) = look(folder / "data").values()
    (cut,) = (video.segments_done for video in facts.videos if video.title == mixed.CUT)
    planned = {**mixed.PLANNED, mixed.CUT: cut}
    check_complete(facts, planned)
    return Usual(folder, planned, facts.vectors, startup)


def check_end(life: Life) -> None:
    """Everything is there once, as if nothing had happened, and nothing else."""
    known = look(life.data_dir)
    assert set(known) == {"serving", "old"}
    new, old = known["serving"], known["old"]
    for facts in (new, old):
        check_complete(facts, life.planned)
    assert files_left_over(life.data_dir, [new, old], life.wishes.begun - 1) == set()
    removed = life.wishes.remove
    for place, vector in life.usual.vectors.items():
        if place[0] == removed:
            continue
        np.testing.assert_allclose(old.vectors[place], vector, atol=2e-3)
        assert not np.allclose(new.vectors[place], vector, atol=2e-3)
    assert examine(Settings(data_dir=life.data_dir, model="toy")).differences == []


def test_killed_ten_times(usual: Usual, tmp_path: Path) -> None:
    life = Life(tmp_path, usual, seed=1)
    life.live(indexing=5, steering=2, switching=3)
    check_end(life)


@pytest.mark.slow
def test_killed_a_hundred_times(usual: Usual, tmp_path: Path) -> None:
    kills, seed = Counter[str](), 100
    while kills.total() < 100:
        life = Life(tmp_path, usual, seed)
        life.live(indexing=20, steering=3, switching=20)
        check_end(life)
        kills, seed = kills + life.kills, seed + 1
    print(f"\n{kills.total()} rounds over {seed - 100} libraries; killed: {dict(kills)}")


@pytest.mark.parametrize("seed", [1, *(pytest.param(s, marks=pytest.mark.slow) for s in (2, 3, 4))])
def test_asked_to_stop(usual: Usual, tmp_path: Path, seed: int) -> None:
    """A clean stop: within seconds, whatever is under way, and at no video's expense."""
    life = Life(tmp_path, usual, seed)
    life.index(life.stop, 4)
    (facts,) = look(life.data_dir).values()
    check_complete(facts, life.planned)
    assert files_left_over(life.data_dir, [facts]) == set()
