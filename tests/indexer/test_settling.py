"""New files that come to rest, by a clock of the test's own."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from indexer.folders import Look
from indexer.settling import MOST, QUIET, Settling


def look(size: int) -> Look:
    return Look(size, size, "disk")


def test_a_file_is_due_when_it_has_been_quiet_and_no_sooner() -> None:
    settling = Settling()
    assert settling.next_due() == float("inf")
    settling.see("a", look(1), 10)
    settling.see("a", look(1), 12)
    assert settling.due(10 + QUIET - 0.1) == {}
    assert settling.due(10 + QUIET) == {"a": look(1)}
    settling.see("a", look(2), 13)
    assert settling.due(10 + QUIET) == {}
    assert settling.next_due() == 13 + QUIET
    settling.settled("a", 20)
    assert settling.due(1000) == {}


def test_a_file_is_the_same_one_on_whatever_disk() -> None:
    settling = Settling()
    settling.see("a", look(1), 0)
    settling.see("a", look(1)._replace(disk="other"), 2)
    assert list(settling.due(QUIET)) == ["a"]


def test_what_looks_different_after_all_waits_on_and_what_is_gone_does_not() -> None:
    settling = Settling()
    settling.see("a", look(1), 0)
    settling.see("b", look(2), 0)
    settling.see("c", look(3), 0)
    settling.changed("a", look(9), QUIET)
    settling.changed("b", None, QUIET)
    settling.keep({"a", "b"})
    assert settling.sizes() == {9}
    assert settling.next_due() == 2 * QUIET


def test_what_cannot_be_read_is_tried_less_and_less_often() -> None:
    settling, now, tries = Settling(), 0.0, []
    settling.see("a", look(1), now)
    while now < 3600:
        now = settling.next_due()
        settling.put_off("a", now)
        tries.append(now)
    assert tries[0] == QUIET
    assert len(tries) < 15
    assert max(b - a for a, b in pairwise(tries)) == MOST


@given(pause=st.floats(0.1, 60), chunks=st.integers(2, 400))
def test_a_slow_writer_is_read_a_few_times_at_most(pause: float, chunks: int) -> None:
    settling, reads, now = Settling(), 0, 0.0
    for size in range(1, chunks):
        now = size * pause
        settling.see("a", look(size), now)
        while settling.next_due() < now + pause:
            settling.settled("a", settling.next_due())
            reads += 1
    assert reads <= 6
    settling.see("a", look(chunks), now + pause)
    assert settling.due(now + pause + MOST)  # and in the end it is read


def test_a_file_that_changes_seldom_is_waited_for_as_at_first() -> None:
    settling = Settling()
    for day in range(10):
        settling.see("a", look(day), day * 86400)
        assert settling.next_due() == day * 86400 + QUIET
        settling.settled("a", settling.next_due())
