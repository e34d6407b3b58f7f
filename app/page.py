"""The page's frame: theme, panels and where each component sits.

Knows layout and colours. Does not know any video, query or result: the components ask the API.
"""

import gradio as gr
from fastapi import FastAPI
from gradio.themes import Base, colors, sizes
from starlette.middleware.cors import CORSMiddleware

from app.components.parts import ICON, head, part

FONT = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "sans-serif")
MONO = ("ui-monospace", "SF Mono", "Menlo", "Consolas", "monospace")


def theme() -> Base:
    """Calm neutrals and one violet; every text colour passes WCAG AA on its ground."""
    return Base(
        primary_hue=colors.violet,
        neutral_hue=colors.slate,
        radius_size=sizes.radius_lg,
        font=FONT,
        font_mono=MONO,
    ).set(
        body_background_fill="#f7f8fb",
        body_background_fill_dark="#0d1017",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="#161a23",
        background_fill_secondary="#eef0f5",
        background_fill_secondary_dark="#1f2530",
        border_color_primary="#dfe3ea",
        border_color_primary_dark="#2a3140",
        body_text_color="#171b26",
        body_text_color_dark="#e9ecf3",
        body_text_color_subdued="#565e70",
        body_text_color_subdued_dark="#a3acbd",
        input_placeholder_color="#5f6779",
        input_placeholder_color_dark="#98a1b3",
        color_accent="#5b3fd6",
    )


def panel(name: str) -> gr.Column:
    """What one tab shows; the tabs are ours (tabs.js), so that they speak any language."""
    return gr.Column(elem_id=f"ps-panel-{name}", elem_classes="ps-panel", min_width=0)


def build() -> gr.Blocks:
    """The page: words, classes and the library on the left, the player beside them."""
    page: gr.Blocks
    with gr.Blocks(title="PrismSearch", analytics_enabled=False, fill_width=True) as page:
        part("masthead", elem_id="ps-masthead")
        with gr.Row(elem_id="ps-body", equal_height=False):
            with gr.Column(elem_id="ps-main", min_width=0):
                with panel("search"):
                    part("search_bar")
                    part("moment_grid")
                with panel("classes"):
                    part("class_timeline")
                with panel("map"):
                    part("map")
                with panel("library"):
                    part("library_state")
                    part("duplicates")
                    part("video_table")
            with gr.Column(elem_id="ps-side", min_width=0):
                part("moment_player", elem_id="ps-player")
    return page


def application(blocked_paths: list[str]) -> FastAPI:
    """The page at "/" of an application that has nothing else."""
    bare = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    # Without a CORSMiddleware of ours Gradio would add its own, which trusts any origin.
    bare.add_middleware(CORSMiddleware, allow_origins=[])
    mounted: FastAPI = gr.mount_gradio_app(
        bare,
        build(),
        path="/",
        theme=theme(),
        head=head(),
        footer_links=[],
        allowed_paths=[],
        blocked_paths=blocked_paths,
        run_history=False,
        ssr_mode=False,
        show_error=False,
        mcp_server=False,
        enable_monitoring=False,
        pwa=False,
        favicon_path=str(ICON),
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
    )
    return mounted
