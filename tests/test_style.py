"""Formatting, lint and strict types: the same commands that a person runs."""

import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = {
    "format": ["ruff", "format", "--check", "."],
    "lint": ["ruff", "check", "."],
    "types": ["mypy"],
}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("what", COMMANDS)
def test_style(what: str, root: Path) -> None:
    command = [sys.executable, "-m", *COMMANDS[what]]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
