"""Builds the application for tests."""

import asyncio

from fastapi import FastAPI

from app.server import create_app
from indexer.engine import Engine


def application(engine: Engine) -> FastAPI:
    """The whole application over an engine.

    Built inside a loop, because Gradio otherwise makes loops of its own and never closes them.
    """

    async def build() -> FastAPI:
        return create_app(engine)

    return asyncio.run(build())
