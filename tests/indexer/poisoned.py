"""A decoding child in which a file does harm, as its name says: `crash at 12.mp4`.

It is the real child, with the harm done in it for real: at the look at the file (`at open`), or
when the sample of that number is due. Started in its place by test_poison.py.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from indexer import child, video
from indexer.decoding import Request


def crash() -> None:
    """A codec writes where it must not."""
    os.kill(os.getpid(), signal.SIGSEGV)


def hang() -> None:
    """A codec waits for something that never happens."""
    while True:
        time.sleep(60)


def spin() -> None:
    """A codec turns in a circle."""
    while True:
        pass


def eat() -> None:
    """A codec believes a header that promises a huge picture, again and again."""
    eaten = []
    while True:
        eaten.append(bytearray(100 << 20))


def rave() -> None:
    """A codec complains at length, on both of its outputs, and then goes on."""
    for _ in range(1000):
        os.write(1, b"[h264 @ 0x0] error while decoding MB 1 1, bytestream -7\n" * 100)
        os.write(2, b"[h264 @ 0x0] concealing 99 DC, 99 AC, 99 MV errors\n" * 100)


def leave() -> None:
    """A codec ends the program, as some do on a failed assertion."""
    os.abort()


HARMS: dict[str, Callable[[], None]] = {
    harm.__name__: harm for harm in (crash, hang, spin, eat, rave, leave)
}


def main(request_text: str) -> None:
    """Serve a request as the real child does, until the harm is done."""
    kind, _, when = Path(Request.from_text(request_text).path).stem.partition(" at ")
    harm = HARMS.get(kind)
    if harm is not None and when == "open":
        video.inspect = _before(video.inspect, harm)  # type: ignore[assignment]
    elif harm is not None:
        video.read = _at(video.read, int(when), harm)  # type: ignore[assignment]
    child.main(request_text)


def _before(inspect: Callable[..., Any], harm: Callable[[], None]) -> Callable[..., Any]:
    def inspecting(*args: Any) -> Any:
        harm()
        return inspect(*args)

    return inspecting


def _at(
    read: Callable[..., Iterator[Any]], number: int, harm: Callable[[], None]
) -> Callable[..., Iterator[Any]]:
    def reading(*args: Any) -> Iterator[Any]:
        for sample in read(*args):
            if sample.index >= number:
                harm()
            yield sample

    return reading
