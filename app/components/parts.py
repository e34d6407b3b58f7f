"""The page's own components, each an HTML element that its script fills.

Knows where scripts, styles and the catalogue of words lie. All data reaches the page through the
API and becomes text nodes there; nothing is ever put into a template, because Gradio would run it.
They are no subclasses of gr.HTML, because Gradio writes a stub file beside the source of each.
"""

import json
from pathlib import Path
from typing import Literal, get_args

import gradio as gr

FOLDER = Path(__file__).parent
ICON = FOLDER / "icon.png"
SHARED_SCRIPTS = (
    "kept",
    "words",
    "amounts",
    "wire",
    "shared",
    "question",
    "journey",
    "pulse",
    "covering",
    "heat",
    "playback",
    "tabs",
    "popover",
    "dialog",
    "menu",
    "faces",
    "chips",
    "weighing",
    "filter_values",
    "conditions",
    "offering",
    "filters",
    "narrowed",
    "view",
    "history",
    "remembering",
    "typing",
    "sharing",
    "keys",
    "saving",
    "strip",
    "card",
    "card_acts",
    "flip",
    "gallery",
    "taking",
    "reasons",
    "screen",
    "timeline",
    "range",
    "range_bar",
    "loop",
    "moment_tools",
    "neighbours",
    "tagging",
    "class_chart",
    "upload",
    "video_row",
    "map_view",
    "map_paint",
    "map_points",
    "map_pictures",
    "map_steer",
    "map_canvas",
)

Name = Literal[
    "masthead",
    "search_bar",
    "moment_grid",
    "moment_player",
    "class_timeline",
    "map",
    "library_state",
    "duplicates",
    "video_table",
]
STYLES = (  # what all share comes first
    "tokens",
    "page",
    "controls",
    "popover",
    "dialog",
    "menu",
    "tabs",
    "keys",
    "card",
    "timeline",
    "upload",
    "chips",
    "panels",
    *get_args(Name),
)


def part(name: Name, elem_id: str | None = None) -> gr.HTML:
    """One component: an empty element, and the script of that name, which draws in it."""
    return gr.HTML(
        html_template=f'<div class="ps-part ps-{name.replace("_", "-")}"></div>',
        js_on_load=_read(f"{name}.js"),
        apply_default_css=False,
        elem_id=elem_id,
    )


def head() -> str:
    """Styles and shared scripts for the document's head."""
    styles = "\n".join(_read(f"{name}.css") for name in STYLES)
    scripts = "\n".join(_read(f"{name}.js") for name in SHARED_SCRIPTS)
    words = f"window.prismCatalogue = {catalogue()};"
    return f"<style>\n{styles}\n</style>\n<script>\n{words}\n{scripts}\n</script>"


def catalogue() -> str:
    """Every sentence of the page by language and key, as JSON that no script element ends at."""
    files = sorted((FOLDER / "words").glob("*.json"))
    words = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}
    return json.dumps(words).replace("<", "\\u003c")


def _read(file: str) -> str:
    return (FOLDER / file).read_text(encoding="utf-8")
