"""The layout is the architecture: what may import what, and who owns which dependency."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("encoder", "indexer", "app")
# A room may import itself and the rooms before it.
MAY_IMPORT = {room: set(ROOMS[: i + 1]) for i, room in enumerate(ROOMS)}

OWNERS = {
    "mcp": ("app/mcp.py",),
    "mcp_types": ("app/mcp.py",),
    "jax": ("encoder/",),
    "flax": ("encoder/",),
    "optax": ("encoder/toy/",),
    "openvino": ("encoder/bfloat16.py",),
    "sentencepiece": ("encoder/tokenizers.py", "encoder/toy/"),
    "huggingface_hub": ("encoder/hub.py",),
    "av": ("indexer/video/",),
    "decord": ("indexer/video/",),
    "opentimelineio": ("indexer/export/",),
    "sqlite3": ("indexer/database.py",),
    "structlog": ("indexer/journal.py",),
    "prometheus_client": ("indexer/meters.py",),
    "qdrant_client": ("indexer/server.py",),
    "qdrant_edge": ("indexer/edge.py",),
    "sklearn": ("indexer/layout.py",),
    "scipy": ("indexer/layout.py",),
    "threadpoolctl": ("indexer/layout.py",),
    "gradio": ("app/page.py", "app/components/"),
    "typer": (
        "app/cli.py",
        "app/options.py",
        "app/finding.py",
        "app/overview.py",
        "app/upkeep.py",
        "app/taking.py",
    ),
}
READS_ENVIRONMENT = ("app/cli.py", "app/options.py")


def sources() -> list[Path]:
    """Every Python file of the three rooms."""
    return sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[str]:
    """Yield the dotted name of everything that a file imports, late imports too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)} imports relatively; write the room's name"
            yield node.module or ""


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_imports_run_one_way(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    reached = {name.split(".")[0] for name in imports(path)} & set(ROOMS)
    assert reached <= MAY_IMPORT[room]


@pytest.mark.parametrize("package", OWNERS)
def test_each_dependency_has_one_owner(package: str) -> None:
    users = {
        name_of(path)
        for path in sources()
        if any(name.split(".")[0] == package for name in imports(path))
    }
    strangers = {user for user in users if not user.startswith(OWNERS[package])}
    assert users, f"nobody imports {package}: drop it"
    assert not strangers


def test_only_entry_points_read_the_environment() -> None:
    readers = {
        name_of(path)
        for path in sources()
        if re.search(r"\bos\.(environ|getenv)\b|\benvvar=", path.read_text(encoding="utf-8"))
    }
    assert readers <= set(READS_ENVIRONMENT)


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_each_file_says_what_it_is(path: Path) -> None:
    doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert doc, "a module's docstring says what it knows and what it does not"


def captions(room: str) -> dict[str, str]:
    """File name to caption, of one room in the README's tree."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = readme.split("<!-- tree -->")[1].split(f"\n{room}/ ")[1].split("\n\n")[0]
    return dict(re.findall(r"^ +(\w+\.py) +(\S.*)$", block, re.MULTILINE))


@pytest.mark.parametrize("room", ROOMS)
def test_the_readme_has_a_caption_for_every_file(room: str) -> None:
    files = {path.name for path in (ROOT / room).rglob("*.py")} - {"__init__.py"}
    assert set(captions(room)) == files


def test_pieces_are_small() -> None:
    lengths = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in sources()}
    functions = [
        (node.end_lineno or 0) - node.lineno + 1
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert {name: n for name, n in lengths.items() if n > 500} == {}
    assert median(lengths.values()) < 200
    assert median(functions) < 16  # bodies under 12 lines, and their docstrings
