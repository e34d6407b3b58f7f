"""Gradio's import without the type stubs that it writes for its own developers.

At every import Gradio parses the source of each of its components twice, to write a stub beside it
if that has changed: two fifths of the import, for nobody here. Knows how to leave that out; does
not know what Gradio is used for.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType

_WRITER = "gradio.component_meta"


class _WithoutStubs(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        module.__dict__["create_or_modify_pyi"] = lambda *_: None


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path) if fullname == _WRITER else None
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _WithoutStubs(spec.loader.name, spec.loader.path)
        return spec


_FINDER = _Finder()


def leave_out() -> None:
    """From now on Gradio, if it is not imported yet, writes no stubs."""
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)
