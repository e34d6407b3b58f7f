"""Whether what became of a kind of input is what must become of it."""

import re

from kinds import DAMAGED, Cut, Fails, Fate, Ignored, Kind, Read, Same, Scratched, Untaken
from matrix import Outcome

from indexer.segments import rate_for

FRAMES = 8  # of the model's window
_RATE = 25  # frames a second of what is drawn, unless a kind says otherwise
_END = 0.09  # seconds: how long the last picture stays is often a guess
_PARTLY = re.compile(r"Only (\d+\.\d) of (\d+\.\d) s could be read\.")


def faults(kind: Kind, outcome: Outcome) -> list[str]:
    """What is not as it must be, in words; an empty list is praise."""
    found = [fault for fault in _faults(kind.fate, outcome) if fault]
    if outcome.state == "done":
        found += [fault for fault in _bookkeeping(outcome) if fault]
    return found


def _faults(fate: Fate, outcome: Outcome) -> list[str]:
    match fate:
        case Read():
            return [*_is("done", outcome), *_read(fate, outcome)]
        case Cut():
            return [*_is("done", outcome), *_cut(fate, outcome)]
        case Scratched():
            return [*_is("done", outcome), *_scratched(fate, outcome)]
        case Fails():
            return [*_is("failed", outcome), _unless(outcome.code == fate.code, outcome.code)]
        case Untaken():
            told = outcome.told or ""
            return [*_is("not taken in", outcome), _unless(fate.words in told, told)]
        case Same():
            return _is("done", outcome)
        case Ignored():
            return _is("left out", outcome)


def _is(state: str, outcome: Outcome) -> list[str]:
    return [_unless(outcome.state == state, f"{outcome.state}: {outcome.told}")]


def _unless(right: bool, fault: object) -> str:
    return "" if right else str(fault or "nothing was said")


def _read(fate: Read, outcome: Outcome) -> list[str]:
    seen = outcome.seen.numbers
    return [
        _unless(len(outcome.spans) == fate.segments, f"{len(outcome.spans)} segments"),
        _unless(abs(seconds(outcome) - fate.seconds) < _END, f"{seconds(outcome)} seconds"),
        _unless(fate.numbers in (None, tuple(seen)), f"wrong frames: {seen}"),
        _unless(outcome.told == fate.note, f"told: {outcome.told}"),
    ]


def _cut(fate: Cut, outcome: Outcome) -> list[str]:
    if outcome.video is None:
        return []
    rate = rate_for(outcome.video.duration or 0.0, FRAMES)
    right = [int(_RATE * index / rate + 1e-6) for index in range(len(outcome.seen.numbers))]
    read, whole = f"{seconds(outcome):.1f}", fate.promised
    notes = {f"Only {read} of {whole:.1f} s could be read."} if whole else {None, DAMAGED}
    return [
        _unless(outcome.seen.numbers == right, f"wrong frames: {outcome.seen.numbers}"),
        _unless(outcome.told in notes, f"told: {outcome.told}"),
    ]


def _scratched(fate: Scratched, outcome: Outcome) -> list[str]:
    first = outcome.seen.numbers[:1]
    told = outcome.told or ""
    partly = _PARTLY.fullmatch(told)
    return [
        _unless(fate.first is None or first == [fate.first], f"the first frame shows {first}"),
        _unless(fate.silent or bool(partly or "damaged" in told), f"told: {outcome.told}"),
        _unless(not partly or partly[1] == f"{seconds(outcome):.1f}", f"told: {outcome.told}"),
    ]


def _bookkeeping(outcome: Outcome) -> list[str]:
    """Every planned segment is there, where it should be, and holds nobody else's frames."""
    video, seen = outcome.video, outcome.seen
    assert video is not None
    planned, done = video.segments_planned, video.segments_done
    rate = rate_for(video.duration or 0.0, FRAMES)
    begins = [round(start * rate) for start, _ in outcome.spans]
    return [
        _unless(planned == done == len(outcome.spans) > 0, f"{planned}, {done} and not"),
        _unless([window[0] for window in seen.windows] == begins, "segments at wrong times"),
    ]


def seconds(outcome: Outcome) -> float:
    """How far the stored segments reach."""
    return max((end for _, end in outcome.spans), default=0.0)
