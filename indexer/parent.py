"""The parent's side of one decoding child: listens to it, and says what it died of.

Knows the messages and how long silence may last; knows nothing of video, and imports no decoding
library. How it is started and ended is in process.py.
"""

import json
import os
import signal
from threading import Timer
from typing import Any

from indexer import decoding
from indexer.decoding import Request
from indexer.errors import VideoError, no_room
from indexer.process import Process


class Child(Process):
    """One child process that serves one request."""

    def __init__(self, request: Request) -> None:
        super().__init__("indexer.child", request.to_text())
        self._request = request
        self._silent = False

    def receive(self) -> tuple[bytes, bytes]:
        """The next message that matters; raises what the child reports or died of."""
        while True:
            message = self._next()
            if message is None:
                raise self._death()
            if message[0] == decoding.ERROR:
                raise _reported(json.loads(message[1]))
            if message[0] == decoding.FULL:
                raise no_room()
            if message[0] != decoding.ALIVE:
                return message

    def _next(self) -> tuple[bytes, bytes] | None:
        """Wait for a message, but not longer than a living child stays silent."""
        timer = Timer(self._request.limits.silence, self._give_up)
        timer.daemon = True
        timer.start()
        try:
            return decoding.receive(self._pipe)
        except ValueError:  # another thread ended the child and closed the pipe
            return None
        finally:
            timer.cancel()

    def _give_up(self) -> None:
        self._silent = True
        self.kill()

    def _death(self) -> VideoError:
        """Why the pipe ended without a last word."""
        status = self._process.wait()
        if self._silent:
            waited = self._request.limits.silence
            return VideoError("decoder_timeout", reason=f"no sign of life for {waited:.0f} s")
        if os.name == "posix" and status == -signal.SIGXCPU:
            return VideoError("decoder_timeout", reason="it used up its time on the processor")
        return VideoError("decoder_crashed", reason=_status_name(status))


def _reported(report: dict[str, Any]) -> VideoError:
    return VideoError(report["code"], **report["facts"])


def _status_name(status: int) -> str:
    """An exit status in words."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"ended by signal {-status}"
