"""How a restored installation appears in its data folder all at once.

It is put together in a folder that nobody looks into. The library's file is moved out of it first,
and from then on the restored library is there; what a killed process did not move after it, the
next one moves. Before that moment there is nothing, and what was put together is deleted.
"""

import os
import shutil
from pathlib import Path

STAGING = "restoring.partial"
LIBRARY = "library.db"
_AFTER = ("index", "media")


def appear(data_dir: Path) -> None:
    """Move what was put together to its places."""
    os.replace(data_dir / STAGING / LIBRARY, data_dir / LIBRARY)
    settle(data_dir)


def settle(data_dir: Path) -> None:
    """Finish what a killed restore began, or delete what it left. Only for the folder's owner."""
    staging = data_dir / STAGING
    if not staging.is_dir():
        return
    if (data_dir / LIBRARY).exists():
        for name in _AFTER:
            if (staging / name).exists():
                os.replace(staging / name, data_dir / name)
    shutil.rmtree(staging)
