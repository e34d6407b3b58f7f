"""Compares the library, the files and the vectors of an installation, and mends on request.

Knows which checks there are and the order they run in. Loads no model: what made the vectors is
told by the library and the store. Nothing is changed unless repair is asked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from indexer.errors import IndexerError
from indexer.settings import Settings
from indexer.upkeep.case import Case, Finding, opened_case, opened_library
from indexer.upkeep.leftovers import check_leftovers
from indexer.upkeep.sources import check_sources
from indexer.upkeep.surroundings import tell_surroundings
from indexer.upkeep.vectors import check_vectors

CHECKS = (check_vectors, check_sources, check_leftovers, tell_surroundings)


@dataclass(frozen=True)
class Report:
    """What was found in how many videos and segments."""

    videos: int
    segments: int
    findings: list[Finding]

    @property
    def differences(self) -> list[Finding]:
        """What is still not as it should be."""
        return [one for one in self.findings if not one.note and one.mended is None]


def examine(settings: Settings, repair: bool = False) -> Report:
    """Look over the installation of the data folder; `repair` mends what loses nothing.

    Raises LibraryError where there is no library or it cannot be opened, StoreLocked while another
    PrismSearch uses it.
    """
    with opened_library(settings) as database:
        if broken := database.integrity():
            return Report(0, 0, [_damaged(broken[0])])
        with opened_case(settings, database) as case:
            findings = [_mended(one) if repair else one for one in _found(case)]
            return Report(len(case.videos), sum(case.stored.values()), findings)


def _damaged(told: str) -> Finding:
    # What else is wrong cannot be told from a library that lies, still less mended by it.
    return Finding(
        "library_damaged",
        f"The library's file is damaged ({told}). Your videos are safe. Restore a backup into "
        "another data folder, or move library.db away and index your videos again.",
    )


def _found(case: Case) -> Iterator[Finding]:
    for check in CHECKS:
        yield from check(case)


def _mended(finding: Finding) -> Finding:
    if finding.mend is None:
        return finding
    try:
        return replace(finding, mended=finding.mend())
    except (IndexerError, OSError) as error:
        return replace(finding, message=f"{finding.message} It could not be mended: {error}")
