"""What ships beside the code: compose file, image, Space and pins agree with one another."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml


def read(root: Path, name: str) -> str:
    return (root / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def pins(root: Path) -> dict[str, str]:
    """Version by package, of the constraints file."""
    lines = re.findall(r"^([\w.-]+)==(\S+)$", read(root, "constraints.txt"), re.MULTILINE)
    return {name.lower().replace("_", "-"): version for name, version in lines}


@pytest.fixture(scope="module")
def compose(root: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(read(root, "docker-compose.yml")))


def requirement_names(lines: list[str]) -> set[str]:
    names = (re.match(r"[\w-]+", line) for line in lines)
    return {match[0].lower().replace("_", "-") for match in names if match}


def test_every_dependency_is_pinned(root: Path, pins: dict[str, str]) -> None:
    project = tomllib.loads(read(root, "pyproject.toml"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    assert requirement_names(wanted) - {"prismsearch"} <= set(pins)


def test_constraints_name_no_host(root: Path) -> None:
    assert "://" not in read(root, "constraints.txt")


def test_the_space_installs_what_was_tested(root: Path, pins: dict[str, str]) -> None:
    front_matter = yaml.safe_load(read(root, "README.md").split("---")[1])
    listed = re.findall(r"^([\w.-]+)==([^;\s]+)", read(root, "requirements.txt"), re.MULTILINE)
    dependencies = tomllib.loads(read(root, "pyproject.toml"))["project"]["dependencies"]
    assert front_matter["sdk_version"] == pins["gradio"]
    assert (root / front_matter["app_file"]).is_file()
    assert {name: pins[name] for name, _ in listed} == dict(listed)
    assert {name for name, _ in listed} | {"gradio"} == requirement_names(dependencies)


def test_compose_publishes_one_port_on_this_machine_only(compose: dict[str, Any]) -> None:
    published = [
        port for service in compose["services"].values() for port in service.get("ports", [])
    ]
    assert published == ["127.0.0.1:${PRISMSEARCH_PORT:-7860}:7860"]


def test_compose_keeps_everything_in_named_volumes(compose: dict[str, Any]) -> None:
    mounts = [m for service in compose["services"].values() for m in service["volumes"]]
    named = {mount.split(":")[0] for mount in mounts} & set(compose["volumes"])
    assert named == set(compose["volumes"])
    others = [mount for mount in mounts if mount.split(":")[0] not in named]
    assert all(mount.endswith(":ro") for mount in others)


def test_the_server_is_of_the_clients_minor_version(
    compose: dict[str, Any], pins: dict[str, str]
) -> None:
    tag = compose["services"]["qdrant"]["image"].split(":v")[1]
    assert tag.split(".")[:2] == pins["qdrant-client"].split(".")[:2]


def test_the_image_copies_all_that_runs_and_runs_as_nobody_special(root: Path) -> None:
    dockerfile = read(root, "Dockerfile")
    for room in ("encoder", "indexer", "app", "assets"):
        assert f"COPY {room} {room}\n" in dockerfile
    assert dockerfile.index("USER prism") < dockerfile.index("CMD [")
    command = json.loads(re.findall(r"^CMD (.*)$", dockerfile, re.MULTILINE)[-1])
    help_text = subprocess.run(
        [sys.executable, "-m", "app.cli", command[1], "--help"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "200"},
    ).stdout
    assert all(option in help_text for option in command if option.startswith("--"))


def test_the_gpu_override_only_adds(root: Path, compose: dict[str, Any]) -> None:
    override = yaml.safe_load(read(root, "docker-compose.gpu.yml"))["services"]
    assert set(override) == {"app"}
    assert "ports" not in override["app"]
    extras = override["app"]["build"]["args"]["EXTRAS"].strip("[]")
    assert extras in tomllib.loads(read(root, "pyproject.toml"))["project"]["optional-dependencies"]


def fetch(path: str, host: str) -> tuple[int, bytes]:
    """Ask the Space that runs here, as if under that name."""
    request = urllib.request.Request(f"http://127.0.0.1:7860{path}", headers={"Host": host})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 0, b""


def wait_for(path: str, host: str, good: str, seconds: float = 180) -> str:
    """Ask until the answer contains what is hoped for."""
    deadline = time.monotonic() + seconds
    body = b""
    while time.monotonic() < deadline:
        body = fetch(path, host)[1]
        if good.encode() in body:
            return body.decode()
        time.sleep(0.5)
    raise AssertionError(f"never saw {good!r} at {path}; last: {body[:500]!r}")


def test_a_space_starts_by_its_own_command(root: Path, tmp_path: Path) -> None:
    if fetch("/healthz", "127.0.0.1")[0]:
        pytest.skip("something already listens on the port that a Space must use")
    process = subprocess.Popen(
        [sys.executable, "space.py"], cwd=root, env={**os.environ, "TMPDIR": str(tmp_path)}
    )
    try:
        wait_for("/healthz", "someone-prismsearch.hf.space", "ok")
        told = wait_for("/api/v1/info", "someone-prismsearch.hf.space", "version")
        assert json.loads(told)["read_only"]
        found = wait_for("/api/v1/search?q=a+red+circle", "someone-prismsearch.hf.space", "peak")
        assert json.loads(found)["moments"]
        assert fetch("/healthz", "evil.example")[0] == 421
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)
    assert list(tmp_path.iterdir()) == [], "its data folder is gone with it"
