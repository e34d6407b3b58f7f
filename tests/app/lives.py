"""One installation that is killed again and again, and looked into after every round."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import mixed
import numpy as np
from facts import Facts, attempts, check, check_complete, look
from killing import TARGETS, Program, Target, Watch
from patience import prompt, until
from wishes import Wishes

from indexer.queue import MAX_ATTEMPTS

Act = Callable[[Program], object]


@dataclass(frozen=True)
class Usual:
    """What an undisturbed run over the library gives, and the work before its first video."""

    folder: Path
    planned: dict[str, int]
    vectors: dict[tuple[str, int], np.ndarray]
    startup: float

    @property
    def library(self) -> Path:
        """The folder of videos."""
        return self.folder / "library"

    def id_of(self, title: str) -> str:
        """The id of a video of the library."""
        return mixed.id_of(self.library / f"{title}.mp4")


@dataclass
class Life:
    """A life of an installation, drawn from a seed; `planned` is what it should hold by then."""

    folder: Path
    usual: Usual
    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    stops: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        print(f"seed {self.seed}")
        self.planned = dict(self.usual.planned)
        self.chance = Random(self.seed)
        self.data_dir = self.folder / f"data{self.seed}"
        self.watch = Watch(self.usual.library)
        self.weights: Path | None = None
        self.asked_again: set[str] = set()
        title, _, _ = mixed.EXTRA
        self.wishes = Wishes(
            remove=self.usual.id_of("third"),
            reindex=self.usual.id_of("half"),
            name=f"{title}.mp4",
            content=(self.usual.folder / f"{title}.mp4").read_bytes(),
        )

    def live(self, indexing: int, steering: int, switching: int) -> None:
        """Index the library, steer it in the page, switch to another model; so many kills each."""
        self.index(self.strike, indexing)
        self.steer(steering)
        self.switch(switching)

    def index(self, act: Act, times: int) -> None:
        """Index the library from the terminal."""
        self._phase(act, times, "index", str(self.usual.library))

    def steer(self, times: int) -> None:
        """Serve it, while a person removes, repeats and sends videos."""
        title, _, segments = mixed.EXTRA
        self.planned[title] = segments
        self.asked_again.add("half.mp4")
        serve = ("serve", str(self.usual.library), "--no-browser", "--port", "0")
        for _ in range(times):
            self._round(self._strike_asked, *serve)
        self._round(self._grant, *serve)
        del self.planned["third"]

    def switch(self, times: int) -> None:
        """Switch to a model of other weights, which the old one answers for meanwhile."""
        self.weights = self.usual.folder / "other.npz"
        nothing = self.usual.folder / "nothing"
        self._phase(self.strike, times, "index", str(nothing), "--weights", str(self.weights))

    # Rounds.

    def _phase(self, act: Act, times: int, *command: str) -> None:
        """Start the same command again and again, so many times with `act`, until it is done."""
        for _ in range(times):
            if self._round(act, *command) == 1:
                return
        assert self._round(lambda program: program.ends_within(600), *command) == 1

    def _round(self, act: Act, *command: str) -> int | None:
        """One start of the program and its end; returns how it ended before it was killed."""
        complete = self._complete()
        self.watch.opened()
        data = ("--data-dir", str(self.data_dir), "--model", "toy")
        with Program(self.folder / f"log{self.seed}", *command, *data) as program:
            act(program)
            code = program.code
        assert program.leaves_nobody(), "a decoding child lives on"
        assert "Traceback" not in program.printed, program.printed
        reread = self.watch.opened() & complete - self.asked_again
        assert not reread, f"complete, and read again: {reread}"
        self._check()
        return code

    def _check(self) -> None:
        known = look(self.data_dir)
        for facts in known.values():
            check(facts, self.planned)
            if "remove" in self.wishes.granted:
                assert self.wishes.remove not in {video.video_id for video in facts.videos}
        if "building" in known:
            check_complete(known["serving"], self.planned)

    def _complete(self) -> set[str]:
        """The files of the library that need not be read any more for the model at work."""
        at_work = [one for one in look(self.data_dir).values() if self._at_work(one)]
        return {
            video.path.name
            for facts in at_work
            for video in facts.videos
            if video.state in ("done", "failed")
        }

    def _at_work(self, facts: Facts) -> bool:
        return facts.collection.weights == self.weights

    # What happens in a round.

    def strike(self, program: Program) -> None:
        """Kill something at a random instant; at last the program in any case."""
        target = self.chance.choice(TARGETS)
        self.kills[target] += 1
        self._kill(program, self._instant(), target)
        if target == "child":
            self._kill(program, program.worked + self.chance.uniform(0, 0.3), "app")

    def _instant(self) -> float:
        """Seconds of work after which something happens, mostly once videos are under way."""
        return self.chance.uniform(0.7, 1.5) * self.usual.startup

    def _strike_asked(self, program: Program) -> None:
        """Kill it while it answers wishes."""
        address = program.address
        with ThreadPoolExecutor(1) as asking:
            asked = asking.submit(self.wishes.utter, address)
            time.sleep(self.chance.uniform(0, 0.5))
            self.kills["app"] += 1
            self._kill(program, 0.0, "app")
            asked.result()

    def _grant(self, program: Program) -> None:
        """Let it answer every wish and come to rest; then it is asked to stop."""
        address = program.address
        self.wishes.utter(address)
        assert until(lambda: self.wishes.fulfilled(address), 600)
        self._stop(program)

    def stop(self, program: Program) -> None:
        """Ask it to stop at a random instant."""
        work = self._instant()
        until(lambda: program.worked >= work or program.code is not None)
        self._stop(program)

    def _stop(self, program: Program) -> None:
        if program.code is None:
            worked = program.worked
            self.stops.append(program.terminate())
            print(f"stopped after {worked:.2f} s of work, in {self.stops[-1]:.2f} s")
            assert self.stops[-1] < prompt()
            assert attempts(self.data_dir) == 0, "what was under way was not handed back"

    def _kill(self, program: Program, work: float, target: Target) -> None:
        """Kill after so much work and a moment; but no video for the third time without progress.

        For then it would be set aside, as it should be.
        """
        until(lambda: program.worked >= work or program.code is not None)
        if target == "child":
            until(lambda: program.children() or program.code is not None)
        time.sleep(self.chance.uniform(0, 0.2))
        while program.code is None:
            with program.halted():
                if attempts(self.data_dir) < MAX_ATTEMPTS:
                    print(f"{target} killed after {program.worked:.2f} s of work")
                    program.kill(target)
                    return
            time.sleep(0.05)
