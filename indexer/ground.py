"""The disk under a data folder: here or elsewhere, writable or not, with room or without.

Knows what a system tells of its disks, and what PrismSearch needs of one. Knows not what is kept in
the folder beyond the names that must be writable.
"""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from indexer.errors import DiskFull, StoreUnavailable
from indexer.ownership import Ownership

MOUNTS = Path("/proc/self/mounts")  # only Linux has it
MIB = 1 << 20

# The embedded store lays out a log of 32 MiB whenever it is opened, and more while it is used.
TO_START = 64 * MIB

_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "9p", "virtiofs", "vboxsf", "ceph"}
    | {"glusterfs", "lustre", "gpfs", "beegfs", "orangefs", "davfs", "fuse.sshfs", "fuse.rclone"}
    | {"fuse.glusterfs", "fuse.ceph", "fuse.s3fs", "fuse.davfs2", "fuse.curlftpfs", "fuse.smbnetfs"}
    | {"fuse.gcsfuse", "fuse.mount-s3", "fuse.juicefs", "fuse.grpcfuse", "fuse.afp"}
)
_WRITTEN = ("library.db", "index", "media", "uploads")


def network_disk(folder: Path) -> str | None:
    """The kind of the network disk that `folder` lies on, such as nfs4; None if none is known.

    Only Linux tells: on Windows and on a Mac a network disk counts as our own.
    """
    try:
        table = os.fsdecode(MOUNTS.read_bytes())
    except OSError:
        return None
    kind = kind_of_disk(os.path.realpath(folder), table)
    return kind if kind in _NETWORK else None


def kind_of_disk(path: str, table: str) -> str | None:
    """The kind of the disk under `path`, by a table of mounts as Linux writes it."""
    found, length = None, -1
    for line in table.split("\n"):
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        place = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[1])
        within = path == place or path.startswith(os.path.join(place, ""))
        if within and len(place) >= length:  # of two at one place, the later covers the earlier
            found, length = fields[2], len(place)
    return found


def refuse_read_only(*places: Path) -> None:
    """Raise StoreUnavailable for the first place that is there and must not be written."""
    for place in places:
        if place.exists() and not os.access(place, os.W_OK):
            raise StoreUnavailable(
                f"{place} cannot be written. Nothing was changed. Change who may write there, or "
                "whether its disk may be written, or choose another --data-dir."
            )


def check_ground(data_dir: Path, report: Callable[[str], None] | None = None) -> None:
    """Raise StoreUnavailable, StoreLocked or DiskFull where nothing can be kept in this folder.

    `report` gets a sentence if it lies on a network disk: that works, but asks for care.
    """
    refuse_read_only(data_dir, *(data_dir / name for name in _WRITTEN))
    refuse_full(data_dir)
    Ownership.of(data_dir).release()
    kind = network_disk(data_dir)
    if kind is not None and report is not None:
        report(
            f"The data folder {data_dir} lies on a network disk ({kind}). That is slower, and a "
            "connection that breaks while something is written may damage the library or its "
            "index: keep backups, or better choose a --data-dir on a disk of this machine. Your "
            "videos may stay on the network."
        )


def refuse_full(folder: Path) -> None:
    """Raise DiskFull if so little room is left that opening a library could fail."""
    free = shutil.disk_usage(folder).free if folder.exists() else TO_START
    if free < TO_START:
        raise DiskFull(
            f"The disk of {folder} has only {free / MIB:.0f} MiB left; {TO_START // MIB} MiB are "
            "needed to start. What is stored is safe. Make room on it, then start again."
        )


def has_room(folder: Path, size: int) -> bool:
    """Whether so many bytes are free on the disk of `folder`."""
    return shutil.disk_usage(folder).free >= size
