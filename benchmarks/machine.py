"""The machine that a figure was taken on, as one line.

    python -m benchmarks.machine

Asks the system alone and imports nothing heavy, so any benchmark may print it first. Does not
know what is measured.
"""

import os
import platform
import subprocess
from datetime import date
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")


def machine() -> str:
    """Return cores, processor, memory, system, Python, date, load average and any GPU."""
    return "; ".join(
        part
        for part in (
            f"{cores()} cores of {processor()}",
            memory(),
            f"{platform.system()} {platform.machine()}",
            f"Python {platform.python_version()}",
            date.today().isoformat(),
            load(),
            gpu(),
        )
        if part
    )


def cores() -> int:
    """Return how many cores this process may use, which can be fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor() -> str:
    """Return the processor's own name, or its architecture where the system hides it."""
    lines = CPUINFO.read_text().splitlines() if CPUINFO.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def memory() -> str:
    """Return the memory of the machine; nothing where the system does not tell."""
    if "SC_PHYS_PAGES" not in getattr(os, "sysconf_names", {}):
        return ""
    return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB"


def load() -> str:
    """Return the load average of the last minute: what else ran when the figures were taken."""
    return f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""


def gpu() -> str:
    """Return the first GPU by name, or that there is none; only NVIDIA's are asked for."""
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return "no GPU"
    return found.stdout.strip().splitlines()[0] if found.stdout.strip() else "no GPU"


if __name__ == "__main__":
    print(machine())
