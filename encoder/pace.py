"""What suits a device: a number type, and how much it is given at a time.

Knows devices and sizes, not networks. The rule for accelerators is reasoned and has not been
measured on a card.
"""

from dataclasses import dataclass

import jax


@dataclass(frozen=True)
class Pace:
    """What suits one kind of device."""

    dtype: str
    chunk: int
    """Frames encoded side by side."""
    batch: int
    """Windows finished side by side."""
    heads: int
    """Attention heads of the auxiliary stack computed side by side, over all windows, where
    attention is plain."""
    tokens: int = 1 << 16
    """Tokens for which the wide middle of a layer exists at a time."""
    fused: bool = False
    """Whether attention is one kernel (fused.py) where shapes allow it."""
    note: str = ""
    """What a person should know about it, to be put behind the device's name."""


# A CPU is fastest with what fits its caches, and has no fast bfloat16.
CPU = Pace("float32", chunk=4, batch=1, heads=1, tokens=1024)

MODELS_PER_WINDOW = 6
"""How often a model has to fit into a card's memory for each window that it is given at a time.

A window takes a fraction of that; the rule is about time. A card's memory grows with its speed
and a model's size with its work, so no card is kept busy for long at a time, and a text, which
waits for what is being computed, is read soon: LvT-base on an H100, whose 64 GB hold it 130
times, gets 16 windows and 128 frames at a time, or 8 and 6 TFLOP, 20 ms at two fifths of its peak.
"""
MOST_WINDOWS = 16
"""65,000 tokens of the public models: more would not fill a large card any better."""
FRAMES_PER_WINDOW = 8
"""New frames that a window brings, as the public models slide: half of their 16."""
UNKNOWN_MEMORY = 8 << 30
"""Assumed of a device that does not tell, in bytes."""


def pace_for(device: jax.Device, parameters: int) -> Pace:
    """Return what suits a device and a model of so many parameters."""
    if device.platform == "cpu":
        return CPU
    from encoder import fused  # late: only cards use it, and it imports a compiler

    reason = fused.trouble(device)
    memory = (device.memory_stats() or {}).get("bytes_limit", UNKNOWN_MEMORY)
    fitting = memory // (MODELS_PER_WINDOW * 2 * max(parameters, 1))
    batch = 1 << (min(max(fitting, 1), MOST_WINDOWS).bit_length() - 1)
    note = f", attention not fused: {reason}" if reason else ""
    return Pace(
        "bfloat16", FRAMES_PER_WINDOW * batch, batch, 6 * batch, fused=not reason, note=note
    )
