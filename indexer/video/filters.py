"""A chain of FFmpeg's filters: frames in, frames out.

Knows how a chain is put together and emptied; knows no filter.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from av.error import BlockingIOError, EOFError
from av.filter import Graph
from av.filter.context import FilterContext


def chained(graph: Graph, source: FilterContext, steps: Sequence[str], sink: str) -> Graph:
    """The graph with `steps` (`name=arguments`) between its source and its sink."""
    filters = [
        graph.add(name, arguments) for name, _, arguments in (s.partition("=") for s in steps)
    ]
    graph.link_nodes(source, *filters, graph.add(sink)).configure()
    return graph


def passed(graph: Graph, frame: Any) -> Iterator[Any]:
    """What comes out as one frame goes in; None is the end."""
    graph.push(frame)
    while True:
        try:
            yield graph.pull()
        except (BlockingIOError, EOFError):
            return
