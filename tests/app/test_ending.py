"""Ctrl-C and the system's request to end, in real processes, wherever they strike."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from app import ending

ROOT = Path(__file__).resolve().parent.parent.parent
pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")

START = """
import sys, time
sys.path.insert(0, sys.argv[1])
from app.ending import listen_for_the_end
listen_for_the_end()
"""


def ended(body: str, number: int) -> tuple[int, str]:
    """Run `body`, send it a signal once it says so; its exit status and what it said."""
    command = [sys.executable, "-c", START + textwrap.dedent(body), str(ROOT)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        try:
            return process.wait(60), process.stdout.read().decode()
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_both_end_a_program_in_order(number: int) -> None:
    body = """
    try:
        print("ready", flush=True)
        time.sleep(3600)
    except KeyboardInterrupt:
        print("in order")
    """
    assert ended(body, number) == (0, "in order\n")


def test_one_that_comes_just_before_a_long_sleep_is_heard() -> None:
    """Which is as one that another thread of the program receives: noted, and nobody looks."""
    body = """
    import signal, threading

    def receive():
        time.sleep(0.3)
        print("ready", flush=True)
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

    threading.Thread(target=receive).start()
    try:
        time.sleep(3600)
    except KeyboardInterrupt:
        print("in order")
    """
    assert ended(body, 0) == (0, "in order\n")


def test_it_is_heard_once_and_another_one_again() -> None:
    body = """
    import signal
    for request in range(3):
        try:
            print("ready" if request == 0 else request, flush=True)
            if request:
                signal.raise_signal(signal.SIGTERM)
            time.sleep(3600)
        except KeyboardInterrupt:
            time.sleep(1)
    print("in order")
    """
    assert ended(body, signal.SIGTERM) == (0, "1\n2\nin order\n")


def test_who_listens_instead_is_not_told_again() -> None:
    """A server counts the requests: the second one ends it without its clients."""
    body = """
    import signal
    requests = []
    before = signal.signal(signal.SIGTERM, lambda *request: requests.append(request))
    print("ready", flush=True)
    while not requests:
        time.sleep(0.01)
    time.sleep(0.5)
    signal.signal(signal.SIGTERM, before)
    print(len(requests))
    """
    assert ended(body, signal.SIGTERM) == (0, "1\n")


@pytest.mark.parametrize("name", ["__del__", "_xla_gc_callback"])
def test_one_that_strikes_within_a_finaliser_is_heard_after_it(name: str) -> None:
    body = f"""
    import gc

    class Late:
        def __del__(self):
            linger() if "{name}" == "__del__" else None

    def linger():
        print("ready", flush=True)
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            pass

    def _xla_gc_callback(*args):
        gc.callbacks.clear()
        linger()

    try:
        if "{name}" == "__del__":
            Late()
        else:
            gc.callbacks.append(_xla_gc_callback)
            gc.collect()
        time.sleep(3600)
    except KeyboardInterrupt:
        time.sleep(1)  # what was sent again and again was one request
        print("in order")
    """
    assert ended(body, signal.SIGTERM) == (0, "in order\n")


def test_an_echo_is_not_another_request() -> None:
    ear = ending._Ear()

    def is_heard() -> bool:
        try:
            ear.hear(signal.SIGTERM, None)
        except KeyboardInterrupt:
            return True
        return False

    assert (is_heard(), is_heard()) == (True, False)


def test_the_end_waits_for_threads_and_words_and_for_nothing_else() -> None:
    body = """
    import atexit, threading
    from app.ending import leave

    class Large:
        def __del__(self):
            time.sleep(3600)

    def late():
        time.sleep(0.3)
        print("thread", end=" ")

    large = Large()
    atexit.register(print, "registered", end=" ")
    threading.Thread(target=late).start()
    threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
    print("ready", flush=True)
    leave(7)
    """
    assert ended(body, 0) == (7, "thread registered ")


def test_who_asks_once_more_does_not_wait_for_threads() -> None:
    body = """
    import threading, traceback
    from app.ending import leave

    def waits(ident=threading.get_ident()):
        frames = traceback.walk_stack(sys._current_frames()[ident])
        return any(frame.f_code.co_name == "join" for frame, _ in frames)

    def stay():
        while not waits():
            time.sleep(0.01)
        print("ready", flush=True)
        time.sleep(3600)

    threading.Thread(target=stay).start()
    leave(7)
    """
    assert ended(body, signal.SIGTERM) == (7, "")


def test_the_end_is_told_apart_where_nobody_reads() -> None:
    body = f"{START}\nfrom app.ending import leave\nprint('ready')\nleave(0)"
    gone, ours = os.pipe()
    os.close(gone)
    command = [sys.executable, "-c", body, str(ROOT)]
    assert subprocess.run(command, stdout=ours, timeout=60, check=False).returncode == 1
    os.close(ours)
