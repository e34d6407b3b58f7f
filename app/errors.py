"""What the API can refuse, as sentences with a status and a code.

Knows how every room's errors become one JSON shape: {"error": {"code", "message"}}. Does not know
what went wrong inside: an unexpected error is answered without its details.
"""

from collections.abc import Sequence

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from encoder.errors import EncoderError
from indexer.errors import IndexerError, VideoError

NO_SELECTION = "This selection is no longer kept. Please make it again on the map."


class ApiError(Exception):
    """A request that cannot be answered; the text is for the person who made it."""

    status = 400
    code = "bad_request"


class NotFoundError(ApiError):
    """Nothing is known under this id or address."""

    status = 404
    code = "not_found"


class GoneError(NotFoundError):
    """Parts of a question are no longer there; `gone` names them as a question writes them."""

    def __init__(self, message: str, gone: Sequence[str], code: str = NotFoundError.code) -> None:
        super().__init__(message)
        self.gone = list(gone)
        self.code = code


class NotReadyError(ApiError):
    """The video is known, but has nothing to show yet."""

    status = 409
    code = "not_indexed_yet"


class CopyNeededError(ApiError):
    """The video is there, but browsers play a copy of it, which is not."""

    status = 409
    code = "copy_needed"


class LengthRequiredError(ApiError):
    """An upload must declare its length before its bytes."""

    status = 411
    code = "length_required"


class MediaTypeError(ApiError):
    """A body of another kind than is taken there."""

    status = 415
    code = "media_type"


class StoppingError(ApiError):
    """The server is being stopped, and does not begin or finish what takes long."""

    status = 503
    code = "stopping"


# The indexer's codes that are about the request; what is left is 422 for a video, else 503.
STATUS_OF_CODE = {
    "unknown_video": 404,
    "unknown_moment": 404,
    "nothing_found": 404,
    "nothing_asked": 422,
    "read_only": 403,
    "upload_refused": 413,
    "unknown_upload": 404,
    "upload_conflict": 409,
    "disk_full": 507,
    "library_error": 409,
    "bad_label": 400,
    "bad_stretch": 400,
    "too_many": 409,
    "files_would_go": 409,
}


def reply(status: int, code: str, message: str, **more: object) -> JSONResponse:
    """The one shape in which the API says no."""
    return JSONResponse({"error": {"code": code, "message": message, **more}}, status_code=status)


def install(app: FastAPI) -> None:
    """Make every error of every room answer in the one shape."""
    for kind, handler in (
        (ApiError, _refused),
        (IndexerError, _indexer),
        (EncoderError, _encoder),
        (RequestValidationError, _malformed),
        (HTTPException, _http),
        (Exception, _unexpected),
    ):
        app.add_exception_handler(kind, handler)


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiError)
    more = {"gone": error.gone} if isinstance(error, GoneError) else {}
    return reply(error.status, error.code, str(error), **more)


async def _indexer(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, IndexerError)
    usual = 422 if isinstance(error, VideoError) else 503
    return reply(STATUS_OF_CODE.get(error.code, usual), error.code, str(error))


async def _encoder(request: Request, error: Exception) -> JSONResponse:
    return reply(422, "not_understood", str(error))


async def _malformed(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:]) or "request"
    return reply(400, "bad_request", f"“{where}” is not usable: {first['msg']}.")


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    answer = reply(error.status_code, "http_error", f"{error.detail}.")
    answer.headers.update(error.headers or {})
    return answer


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    return reply(
        500,
        "internal_error",
        "Something failed on the server; your videos are safe. Its log says more.",
    )
