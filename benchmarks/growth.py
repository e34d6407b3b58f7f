"""How time and memory grow with a library: curves, as plots and JSON in docs/growth/.

    python -m benchmarks.growth [--only length videos search] [--videos N] [--million]
        [--to FOLDER]

Indexing is the toy model's, over drawn videos of low resolution; searches are the engine's own,
over drawn vectors as wide as LvT-base's. Each point is measured in a process of its own, so that
none inherits another's memory. Each curve ends within ten minutes on two cores.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks import growing
from benchmarks.growing import Measured
from benchmarks.lines import fit
from benchmarks.machine import machine
from benchmarks.plots import Axis, Panel, figure

DOCS = Path(__file__).resolve().parent.parent / "docs" / "growth"
MINUTES = (1, 5, 15, 30, 60, 120)
VIDEOS = 1_000
SEGMENTS = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000)
MILLION = 1_000_000
CURVES = ("length", "videos", "search")


def apart(call: Callable[..., Any], *arguments: object) -> Any:
    """Call a function in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        result = pool.submit(call, *arguments).result()
    print({name: round(value, 1) for name, value in _last(result).items()}, flush=True)
    return result


def _last(result: Measured | list[Measured]) -> Measured:
    return result[-1] if isinstance(result, list) else result


def length() -> list[Measured]:
    """Index videos from a minute to two hours."""
    points = []
    for minutes in (MINUTES[0], *MINUTES):  # the first fills the cache of programs and of files
        with tempfile.TemporaryDirectory() as folder:
            points.append(apart(growing.index_minutes, Path(folder), minutes))
    return points[1:]


def videos(count: int) -> list[Measured]:
    """Index so many short videos."""
    with tempfile.TemporaryDirectory() as folder:
        found: list[Measured] = apart(growing.index_videos, Path(folder), count)
    return found


def search(sizes: Iterable[int]) -> list[Measured]:
    """Fill a library step by step; open it and ask it at each."""
    points = []
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            apart(growing.fill, Path(folder), size)
            points.append(apart(growing.ask, Path(folder), size))
    return points


def curve(points: list[Measured], x: str, y: str) -> list[tuple[float, float]]:
    """Two of what was measured, as points."""
    return [(point[x], point[y]) for point in points if x in point and y in point]


def tell(points: list[Measured], x: str, *names: str) -> dict[str, dict[str, float]]:
    """Print how straight each curve is; what is printed, by name."""
    told = {}
    for name in names:
        line = fit(*zip(*curve(points, x, name), strict=True))
        print(f"{name:>16}: {line.start:10.3g} + {line.slope:10.4g} per {x[:-1]}, r2 {line.r2:.4f}")
        told[name] = {"start": line.start, "slope": line.slope, "r2": line.r2}
    return told


def save(folder: Path, name: str, points: list[Measured], lines: object, *panels: Panel) -> None:
    """Write one curve as JSON and as a plot."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {"machine": machine(), "lines": lines, "points": points}
    (folder / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")
    (folder / f"{name}.svg").write_text(figure(panels))


def show_length(folder: Path) -> None:
    """Measure and plot indexing against the length of a video."""
    points, x = length(), Axis("minutes of video")
    lines = tell(points, "minutes", "seconds", "peak_mb", "child_peak_mb")
    took = {"toy model": curve(points, "minutes", "seconds")}
    held = {
        "program": curve(points, "minutes", "peak_mb"),
        "decoding child": curve(points, "minutes", "child_peak_mb"),
    }
    save(
        folder,
        "length",
        points,
        lines,
        Panel("Time to index one video", x, Axis("seconds"), took),
        Panel("Most memory meanwhile", x, Axis("MB"), held),
    )


def show_videos(folder: Path, count: int) -> None:
    """Measure and plot indexing against the number of videos."""
    points, x = videos(count), Axis("videos of 3 seconds")
    lines = tell(points, "videos", "seconds", "resident_mb")
    took = {"toy model": curve(points, "videos", "seconds")}
    held = {"program": curve(points, "videos", "resident_mb")}
    save(
        folder,
        "videos",
        points,
        lines,
        Panel("Time until so many are ready", x, Axis("seconds"), took),
        Panel("Memory by then", x, Axis("MB"), held),
    )


def show_search(folder: Path, sizes: Iterable[int]) -> None:
    """Measure and plot searches, memory and opening against the number of segments."""
    points, x, ms = search(sizes), Axis("segments", log=True), Axis("milliseconds", log=True)
    asked = {"words": "words_ms", "one folder of ten": "folder_ms", "by video": "by_video_ms"}
    asked["the store alone"] = "store_ms"
    begun = {"library and store open": "open_ms", "first answer": "first_answer_ms"}
    held = {"resident": "resident_mb", "of it not from files": "own_mb"}
    lines = tell(points, "segments", *asked.values(), *begun.values(), *held.values())

    def curves(names: dict[str, str]) -> dict[str, list[tuple[float, float]]]:
        return {name: curve(points, "segments", key) for name, key in names.items()}

    save(
        folder,
        "search",
        points,
        lines,
        Panel("A search, median", x, ms, curves(asked)),
        Panel("Memory", x, Axis("MB", log=True), curves(held)),
        Panel("Start", x, ms, curves(begun)),
    )


def main() -> None:
    """Measure the curves that are asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=CURVES, default=CURVES)
    parser.add_argument("--videos", type=int, default=VIDEOS)
    parser.add_argument("--to", type=Path, default=DOCS)
    parser.add_argument("--million", action="store_true", help="a million segments as well")
    args = parser.parse_args()
    print(machine(), flush=True)
    if "length" in args.only:
        show_length(args.to)
    if "videos" in args.only:
        show_videos(args.to, args.videos)
    if "search" in args.only:
        show_search(args.to, (*SEGMENTS, MILLION) if args.million else SEGMENTS)


if __name__ == "__main__":
    main()
