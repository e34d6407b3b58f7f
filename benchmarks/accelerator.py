"""How close a card comes to what it can do: share of its bfloat16 peak, and beside plain modules.

    python -m benchmarks.accelerator [--model NAME ...] [--rounds N]

Weights are drawn from seeds, frames from noise. All paths run in turn in one process. Without a
GPU it says so and runs the same lines on the toy, which tests this command and says nothing about
any card. No line of it has been run on a card yet.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import numpy as np
from jax import numpy as jnp

from benchmarks.encoder import draw
from benchmarks.machine import machine
from benchmarks.work import Work, work_of
from encoder import fast
from encoder.catalogue import ModelCard, get_card
from encoder.embedder import Embedder
from encoder.halving import Halving
from encoder.models import get_model
from encoder.pace import Pace, pace_for
from encoder.prepared import prepare
from encoder.windows import Programs, WindowStream

MODELS = ("videoprism_lvt_public_v1_base", "videoprism_lvt_public_v1_large")
REHEARSAL = Pace("bfloat16", chunk=16, batch=4, heads=8, fused=True)
"""For the toy on a CPU: the card's paths, the kernel interpreted."""
PEAKS = (
    ("H100 PCIe", 756),
    ("H100", 989),
    ("H200", 989),
    ("B200", 2250),
    ("A100", 312),
    ("L40S", 362),
    ("L4", 121),
    ("RTX 4090", 165),
)
"""Dense bfloat16 TFLOP/s by the makers' data sheets; the first name that a device's holds."""
SIDE = 8192
"""Of the square matrices whose product shows what this card does in practice."""
BATCHES = 6
"""Batches of windows in one measured stream."""


@dataclass
class Bench:
    """One model on one device, and the rate that its paths are held against."""

    card: ModelCard
    params: dict[str, Any]
    pace: Pace
    peak: float
    """FLOP/s."""
    rounds: int

    def __post_init__(self) -> None:
        """Count the work, draw the frames of one batch."""
        self.work: Work = work_of(self.card)
        side = self.card.pixels
        shape = (self.pace.batch * self.card.frames, side, side, 3)
        self.frames = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)

    def row(self, name: str, call: Callable[[], object], segments: int, flop: float) -> float:
        """Time a path, print its line, return segments a second."""
        rate = segments / seconds(call, self.rounds)
        share = rate * flop / self.peak
        print(f"{name:>42}: {rate:10.2f} segments/s {share:7.1%} of the peak", flush=True)
        return rate


def seconds(call: Callable[[], object], rounds: int) -> float:
    """Return the median time of a call, until its results are there; the first is not counted."""
    times = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        jax.block_until_ready(call())  # type: ignore[no-untyped-call]
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


@contextmanager
def compilations() -> Iterator[list[float]]:
    """Collect the seconds of every compilation meanwhile."""
    seen: list[float] = []

    def note(event: str, duration_secs: float, **_: str | int) -> None:
        if event.endswith("backend_compile_duration"):
            seen.append(duration_secs)

    jax.monitoring.register_event_duration_secs_listener(note)
    try:
        yield seen
    finally:
        jax.monitoring.unregister_event_duration_listener(note)


def matrix_rate(side: int) -> float:
    """Return the FLOP/s of a large bfloat16 product on this device."""
    drawn = np.random.default_rng(0).standard_normal((2, side, side), np.float32)
    a, b = (jnp.asarray(x, jnp.bfloat16) for x in drawn)
    return 2 * side**3 / seconds(partial(jax.jit(jnp.matmul), a, b), rounds=10)


def known_peak(device: jax.Device) -> float | None:
    """Return the data sheet's FLOP/s, or None for a card that is not in the table."""
    found = (peak for name, peak in PEAKS if name in device.device_kind)
    return next((peak * 1e12 for peak in found), None)


def plain(bench: Bench) -> Callable[[], object]:
    """Run the plain modules, compiled, in bfloat16, frames as floats on the device already."""
    model = get_model(bench.card.name, fprop_dtype=jnp.bfloat16)
    variables = jax.tree.map(lambda x: jnp.asarray(x, jnp.bfloat16), {"params": bench.params})
    apply = jax.jit(lambda clips: model.apply(variables, clips)[0])
    step = Halving(apply, bench.pace.batch)
    scaled = (bench.frames / np.float32(255.0)).reshape(-1, bench.card.frames, *frame_shape(bench))
    return partial(step, jnp.asarray(scaled, jnp.bfloat16))


def frame_shape(bench: Bench) -> tuple[int, int, int]:
    """Return height, width and channels."""
    return (bench.card.pixels, bench.card.pixels, 3)


def programs(bench: Bench, pace: Pace) -> Programs:
    """Compile the fast path's two steps for frames that are on the device already."""
    card, config = bench.card, bench.card.config
    rows = card.pixels // config["patch_size"]
    weights = prepare(bench.params, config["pos_emb_shape"], card.frames, rows, pace.dtype)
    network = fast.Network.of(config, pace.heads, pace.tokens, pace.fused)
    encode = jax.jit(partial(fast.frame_features, network, weights["frame"]))
    finish = jax.jit(partial(fast.window_vectors, network, weights["window"]))
    return Programs(
        frames=card.frames,
        pixels=card.pixels,
        dim=card.dim,
        chunk=pace.chunk,
        batch=pace.batch,
        encode=Halving(encode, pace.chunk),
        finish=Halving(finish, pace.batch),
    )


def on_device(steps: Programs, frames: np.ndarray) -> Callable[[], object]:
    """Run a batch of separate windows whose frames are on the device already."""
    starts = range(0, len(frames), steps.chunk)
    chunks: list[Any] = [jax.device_put(frames[at : at + steps.chunk]) for at in starts]
    return lambda: steps.finish([x for chunk in chunks for x in steps.encode(chunk)])


def slide(stream: WindowStream, frames: np.ndarray, size: int, batch: int) -> int:
    """Push batches of frames and embed windows that overlap by half, as the indexer does."""
    hop, windows = size // 2, 0
    for turn in range(BATCHES):
        stream.push(np.roll(frames[: batch * hop], turn, axis=0))
        end = (turn + 1) * batch * hop
        starts = range(windows * hop, end - size + 1, hop)
        windows += len(stream.embed([range(start, start + size) for start in starts]))
        stream.drop_before(windows * hop)
    return windows


def idle(bench: Bench) -> Programs:
    """Return steps that take no time: what remains is the host's own work."""
    feature = np.zeros((1, 1), np.float32)
    vectors = np.zeros((bench.pace.batch, bench.card.dim), np.float32)
    return Programs(
        frames=bench.card.frames,
        pixels=bench.card.pixels,
        dim=bench.card.dim,
        chunk=bench.pace.chunk,
        batch=bench.pace.batch,
        encode=lambda frames: [feature] * len(frames),
        finish=lambda features: vectors,  # type: ignore[arg-type, return-value]
    )


def compare(bench: Bench) -> None:
    """Print the lines of one model."""
    work, batch = bench.work, bench.pace.batch
    print(f"\n{bench.card.name}: {work.segment / 1e9:,.1f} GFLOP a segment, {bench.pace}")
    slow = bench.row("plain modules, bfloat16", plain(bench), batch, work.segment)
    apart = programs(bench, replace(bench.pace, fused=False))
    unfused = bench.row(
        "ours, plain attention", on_device(apart, bench.frames), batch, work.segment
    )
    steps = programs(bench, bench.pace)
    fused = bench.row("ours, fused attention", on_device(steps, bench.frames), batch, work.segment)
    print(f"{'ours against plain modules':>42}: {fused / slow:10.2f} times")
    print(f"{'fused against plain attention':>42}: {fused / unfused:10.2f} times")
    waiting(bench, steps)
    host(bench, fused)
    accuracy(bench)


def waiting(bench: Bench, steps: Programs) -> None:
    """Print how long the device is busy at a time: what a text may have to wait for."""
    chunk = jax.device_put(bench.frames[: steps.chunk])
    features = list(steps.encode(chunk)) * (bench.pace.batch * bench.card.frames)
    features = features[: bench.pace.batch * bench.card.frames]
    for name, call in (
        ("encode", lambda: steps.encode(chunk)),
        ("finish", lambda: steps.finish(features)),
    ):
        taken = seconds(call, bench.rounds)
        print(f"{'one call of ' + name:>42}: {taken * 1e3:10.2f} ms")


def host(bench: Bench, resident: float) -> None:
    """Print what frames that come from the host cost, and what is compiled after the warm-up."""
    card, batch, frames = bench.card, bench.pace.batch, bench.frames
    embedder = Embedder(card, bench.params, tokenizer=None, pace=bench.pace)
    embedder.warm_up()
    clips = frames.reshape(batch, card.frames, *frame_shape(bench))
    many = [clip for _ in range(BATCHES) for clip in clips]
    with compilations() as compiled:
        rate = bench.row(
            "frames sent from the host",
            lambda: embedder.embed_clips(many),
            len(many),
            bench.work.segment,
        )
        print(f"{'of the rate with frames on the device':>42}: {rate / resident:10.1%}")
        windows = slide(embedder.window_stream(), frames, card.frames, batch)
        sliding = bench.row(
            "windows that overlap by half",
            lambda: slide(embedder.window_stream(), frames, card.frames, batch),
            windows,
            bench.work.frames / 2 + bench.work.window,
        )
    alone = seconds(lambda: slide(WindowStream(idle(bench)), frames, card.frames, batch), 3)
    hop = card.frames / 4  # seconds, at 2 frames a second
    print(f"{'that is':>42}: {sliding * hop:10.0f} times realtime")
    print(f"{'the host by itself, no device':>42}: {windows / alone * hop:10.0f} times realtime")
    print(f"{'compiled after the warm-up':>42}: {len(compiled):10d} programs")


def accuracy(bench: Bench) -> None:
    """Print how far bfloat16 and the kernel are from float32, over one batch of clips."""
    count = min(bench.pace.batch, 4)
    clips = bench.frames[: count * bench.card.frames]
    clips = clips.reshape(count, bench.card.frames, *frame_shape(bench))
    exact_pace = replace(bench.pace, dtype="float32", batch=1, heads=bench.card.config["num_heads"])
    with jax.default_matmul_precision("highest"):
        exact = Embedder(bench.card, bench.params, None, pace=replace(exact_pace, fused=False))
        wanted = exact.embed_clips(clips)
    ours = Embedder(bench.card, bench.params, None, pace=bench.pace).embed_clips(clips)
    error = np.linalg.norm(ours - wanted) / np.linalg.norm(wanted)
    print(f"{'relative error to float32':>42}: {error:10.1e}", flush=True)


def on_card(device: jax.Device, names: list[str], rounds: int) -> None:
    """Measure models on a card."""
    measured, stated = matrix_rate(SIDE), known_peak(device)
    sheet = "not in the table" if stated is None else f"{stated / 1e12:.0f} TFLOP/s"
    print(f"data sheet {sheet}, product of {SIDE} x {SIDE} {measured / 1e12:.0f} TFLOP/s")
    for name in names:
        card = get_card(name)
        params = draw(card)["params"]
        pace = pace_for(device, sum(np.size(leaf) for leaf in jax.tree.leaves(params)))
        compare(Bench(card, params, pace, stated or measured, rounds))


def rehearse() -> None:
    """Run every line on the toy, on a CPU."""
    print(
        "This machine has no GPU: what follows runs the same code on the toy, to test the command."
    )
    card = get_card("toy")
    compare(Bench(card, draw(card)["params"], REHEARSAL, matrix_rate(512), rounds=2))


def main() -> None:
    """Measure on the first device, or rehearse."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", action="append")
    parser.add_argument("--rounds", type=int, default=10)
    args = parser.parse_args()
    print(machine())
    device = jax.devices()[0]
    if device.platform == "cpu":
        rehearse()
    else:
        on_card(device, args.model or list(MODELS), args.rounds)


if __name__ == "__main__":
    main()
