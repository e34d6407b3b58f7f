"""Files sent to a real server that is killed, from a program and from a real browser."""

import hashlib
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from drawn import GREEN, draw
from playwright.sync_api import Browser, Page, Request, Route, expect, sync_playwright
from serving import CHROMIUM, SWITCHES
from tusclient.uploader import Uploader

MIB = 1 << 20
PATIENCE = 60.0  # seconds; machines that run tests may be busy
TUS = {"Tus-Resumable": "1.0.0"}


class Server:
    """`prismsearch serve` in a process of its own, always at the same address."""

    def __init__(self, data_dir: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.data_dir = data_dir

    def start(self) -> None:
        command = [sys.executable, "-m", "app.cli", "serve", "--model", "toy", "--no-browser"]
        where = ["--port", str(self.port), "--data-dir", str(self.data_dir)]
        self.process = subprocess.Popen([*command, *where], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert self.address in self.process.stdout.readline()

    def end(self, how: signal.Signals) -> None:
        """Kill it, or ask it to stop."""
        self.process.send_signal(how)
        self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def arrived(self) -> int:
        """How many bytes of uploads lie on the disk."""
        parts = (self.data_dir / "uploads").glob("*.part")
        return sum(path.stat().st_size for path in parts)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("data"))
    server.start()
    yield server
    server.end(signal.SIGINT)
    assert server.process.returncode == 0


def test_a_killed_server_goes_on_where_it_was(server: Server, tmp_path: Path) -> None:
    content = os.urandom(3 * MIB)
    headers = {**TUS, "Upload-Length": str(len(content))}
    begun = httpx.post(f"{server.address}/api/v1/uploads", headers=headers)
    where = server.address + begun.headers["location"]
    head = f"PATCH {begun.headers['location']} HTTP/1.1\r\nHost: localhost\r\nUpload-Offset: 0\r\n"
    kind = "Content-Type: application/offset+octet-stream\r\nTus-Resumable: 1.0.0\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as broken:
        broken.sendall(f"{head}{kind}Content-Length: {len(content)}\r\n\r\n".encode())
        broken.sendall(content[: 2 * MIB])
        wait_for(lambda: server.arrived() > MIB)
        server.end(signal.SIGKILL)
    server.start()
    with (tmp_path / "a.mp4").open("w+b") as file:
        file.write(content)
        uploader = Uploader(file_stream=file, url=where)
        assert MIB < uploader.offset <= 2 * MIB
        uploader.upload()
    video = uploader.request.response_headers["prismsearch-video"]
    assert video == hashlib.sha256(content).hexdigest()
    assert httpx.get(f"{server.address}/media/{video}/video").content == content
    httpx.delete(f"{server.address}/api/v1/videos/{video}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("NO BROWSER: sending was NOT tested. Install Chromium (apt install chromium).")
    with sync_playwright() as playwright:
        expect.set_options(timeout=1000 * PATIENCE)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """The library's tab, behind a line that takes 4 MiB a second."""
    with browser.new_context(base_url=server.address) as context:
        page = context.new_page()
        line = {"offline": False, "latency": 5, "downloadThroughput": -1}
        slow = {**line, "uploadThroughput": 4 * MIB}
        context.new_cdp_session(page).send("Network.emulateNetworkConditions", slow)
        open_library(page)
        yield page


def open_library(page: Page) -> None:
    page.goto("/")
    page.get_by_role("tab", name="Library").click()


def choose(page: Page, *paths: Path) -> None:
    page.get_by_label("Videos to add").set_input_files(paths)


def long_video(path: Path, size: int) -> bytes:
    """A short video whose file is long: a box that players skip follows it."""
    draw(path, GREEN, 3)
    filling = struct.pack(">I4s", size, b"free") + os.urandom(size - 8)
    path.write_bytes(path.read_bytes() + filling)
    return path.read_bytes()


@pytest.mark.browser
def test_a_page_goes_on_after_a_restart_and_after_a_reload(
    page: Page, server: Server, tmp_path: Path
) -> None:
    content = long_video(tmp_path / "long film.mp4", 18 * MIB)
    offsets: list[int] = []

    def note(request: Request) -> None:
        if request.method == "PATCH":
            offsets.append(int(request.headers["upload-offset"]))

    page.on("request", note)
    sending = page.locator(".ps-sending li")
    choose(page, tmp_path / "long film.mp4")
    expect(sending).to_contain_text(re.compile(r"\d+% of 18 MB, \d(\.\d)? MB/s"))
    wait_for(lambda: server.arrived() > 2 * MIB)
    server.end(signal.SIGKILL)
    before = server.arrived()
    expect(sending).to_contain_text("Connection lost, trying again")
    server.start()
    wait_for(lambda: server.arrived() > before + MIB)

    page.goto("about:blank")  # a page goes on sending until the next one answers
    open_library(page)
    expect(sending).to_contain_text("has arrived. Choose it again to go on.")
    reached, asked = server.arrived(), len(offsets)
    choose(page, tmp_path / "long film.mp4")
    row = page.locator(".ps-videos li", has_text="long film")
    expect(row).to_contain_text("Ready")
    expect(sending).to_have_count(0)
    assert offsets[asked] >= reached
    assert offsets.count(0) == 1
    video = row.get_attribute("data-video")
    assert video == hashlib.sha256(content).hexdigest()
    assert httpx.get(f"{server.address}/media/{video}/video").content == content
    assert page.evaluate("Object.keys(localStorage).filter((k) => k.includes('upload:'))") == []


@pytest.mark.browser
def test_many_files_go_two_at_a_time_and_each_can_be_stopped(
    page: Page, server: Server, tmp_path: Path
) -> None:
    paths = [tmp_path / f"part {number}.mp4" for number in range(5)]
    for path in paths:
        path.write_bytes(os.urandom(2 * MIB))
    long_video(tmp_path / "too long.mp4", 30 * MIB)
    choose(page, tmp_path / "too long.mp4", *paths)
    sending = page.locator(".ps-sending li")
    expect(sending).to_have_count(6)
    expect(page.get_by_text("of 6 files sent")).to_be_visible()
    wait_for(lambda: server.arrived() > 0)
    assert len(list((server.data_dir / "uploads").glob("*.part"))) <= 2
    page.get_by_role("button", name="Do not send part 4.mp4").click()  # it still waits
    page.get_by_role("button", name="Do not send too long.mp4").click()
    expect(sending).to_have_count(0)
    for number in range(4):
        expect(page.locator(".ps-videos li", has_text=f"part {number}")).to_have_count(1)
    for title in ("part 4", "too long"):
        expect(page.locator(".ps-videos li", has_text=title)).to_have_count(0)
    wait_for(lambda: server.arrived() == 0)


@pytest.mark.browser
def test_what_is_refused_says_so_before_it_is_sent(
    page: Page, server: Server, tmp_path: Path
) -> None:
    small, huge, notes = (tmp_path / name for name in ("a.mp4", "huge.mp4", "notes.txt"))
    small.write_bytes(b"x" * 1000)
    notes.write_text("words")
    with huge.open("wb") as file:
        file.truncate(5 << 30)
    said = '{"error": {"code": "disk_full", "message": "Not so much fits on the disk."}}'

    def full(route: Route) -> None:
        route.fulfill(status=507, body=said, content_type="application/json")

    page.route("**/api/v1/uploads", full)
    choose(page, small, huge, notes)
    for name, why in (
        ("a.mp4", "Not so much fits on the disk."),
        ("huge.mp4", "has 5 GB; at most 4 GB are taken"),
        ("notes.txt", "is not a video. Taken are .3g2, .3gp,"),
    ):
        expect(page.locator(".ps-sending li", has_text=name)).to_contain_text(why)
    page.unroute("**/api/v1/uploads")
    choose(page, small)
    expect(page.locator(".ps-sending li", has_text="a.mp4")).to_have_count(0)
    for name in ("huge.mp4", "notes.txt"):
        page.get_by_role("button", name=f"Do not send {name}").click()
    expect(page.locator(".ps-sending li")).to_have_count(0)
