"""The page's own components, each an HTML element that its script fills.

Knows only which script belongs to which element. All data reaches the page through the API and
becomes text nodes there; nothing is ever put into a template, because Gradio would run it.
"""

from pathlib import Path
from typing import Any, ClassVar

import gradio as gr

FOLDER = Path(__file__).parent
STYLES = tuple(sorted(FOLDER.glob("*.css")))
SHARED_SCRIPTS = tuple(FOLDER / name for name in ("shared.js", "journey.js", "heat.js"))

from gradio.events import Dependency

class Part(gr.HTML):
    """A component whose markup is one empty element and whose script has the class's name."""

    script: ClassVar[str]

    def __init__(self, **settings: Any) -> None:
        super().__init__(
            html_template=f'<div class="ps-part ps-{self.script.replace("_", "-")}"></div>',
            js_on_load=(FOLDER / f"{self.script}.js").read_text(encoding="utf-8"),
            apply_default_css=False,
            **settings,
        )
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block
    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component


class Masthead(Part):
    """The name, the model that serves, and what indexing is doing."""

    script = "masthead"
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block
    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component


class SearchBar(Part):
    """Words or an example video in, a query out."""

    script = "search_bar"
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block
    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component


class MomentGrid(Part):
    """What the query found, as pictures."""

    script = "moment_grid"
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block
    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component


class MomentPlayer(Part):
    """One video at its moment, with the query's heat over the whole of it."""

    script = "moment_player"
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block
    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component


class ClassTimeline(Part):
    """The chosen video's classes over time."""

    script = "class_timeline"
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block
    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component


class VideoTable(Part):
    """The library: uploads, and how far each video got."""

    script = "video_table"
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block
    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component


def head() -> str:
    """Styles and shared scripts for the document's head."""
    styles = "\n".join(path.read_text(encoding="utf-8") for path in STYLES)
    scripts = "\n".join(path.read_text(encoding="utf-8") for path in SHARED_SCRIPTS)
    return f"<style>\n{styles}\n</style>\n<script>\n{scripts}\n</script>"