"""What can go wrong between a video file and its searchable segments, in words for people.

Knows every failure's code and sentence. Knows not where a failure was noticed, nor how it is
shown. A code is for programs and never changes; the sentence says what happened, what is safe
and what to do.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, get_args

VideoCode = Literal[
    "empty_file",
    "not_a_file",
    "not_a_video",
    "container_not_allowed",
    "no_video_stream",
    "codec_not_allowed",
    "too_large",
    "too_long",
    "bad_dimensions",
    "truncated",
    "corrupt",
    "nothing_decodable",
    "decoder_crashed",
    "decoder_timeout",
    "out_of_memory",
    "io_error",
    "not_there",
    "picture_kind",
    "picture_damaged",
    "no_example",
]
VIDEO_CODES: tuple[VideoCode, ...] = get_args(VideoCode)

_SAFE = "The file was not changed and the other videos go on."

# code -> (what happened, what to do). Facts in braces are filled in by whoever raises.
_SENTENCES: dict[VideoCode, tuple[str, str]] = {
    "empty_file": (
        "The file is empty.",
        "Copy or upload it again.",
    ),
    "not_a_file": (
        "This is {kind}, not a regular file.",
        "Add the video file itself.",
    ),
    "not_a_video": (
        "The content is not a video in a format that is known here.",
        "Check that it plays elsewhere, or convert it to MP4 (H.264).",
    ),
    "container_not_allowed": (
        "This kind of file is not accepted: only files that hold the video themselves are, "
        "not playlists, pictures or subtitles.",
        "Add the video file itself, for example an MP4, MOV, MKV or WebM.",
    ),
    "no_video_stream": (
        "The file has no moving pictures, only sound or a cover picture.",
        "Add a file with a video track.",
    ),
    "codec_not_allowed": (
        "The video is compressed with {codec}, which is not accepted here.",
        "Convert it to MP4 (H.264).",
    ),
    "too_large": (
        "The file has {size:.1f} GiB; at most {limit:.1f} GiB are accepted.",
        "Split it or compress it more.",
    ),
    "too_long": (
        "The video lasts {hours:.1f} hours; at most {limit:.1f} hours are accepted.",
        "Split it into shorter files.",
    ),
    "bad_dimensions": (
        "The pictures measure {width} x {height} pixels; each side must have {low} to {high}, "
        "both together at most {megapixels:.0f} million pixels.",
        "Convert it to a usual size such as 1920 x 1080.",
    ),
    "truncated": (
        "The file stops before the part that says where its pictures are.",
        "Finish the copy or the upload, then try again.",
    ),
    "corrupt": (
        "Most of the video data is damaged: {errors} of {packets} pieces could not be read.",
        "Find an undamaged copy.",
    ),
    "nothing_decodable": (
        "Not one picture of the video could be read.",
        "Check that it plays elsewhere, or find an undamaged copy.",
    ),
    "decoder_crashed": (
        "The video decoder failed on this file ({reason}).",
        "Convert it to MP4 (H.264) and try again.",
    ),
    "decoder_timeout": (
        "The video decoder got stuck ({reason}) and was stopped.",
        "Try again when the machine is less busy, or convert the video to MP4 (H.264).",
    ),
    "out_of_memory": (
        "Reading this video needs more memory than is allowed.",
        "Convert it to MP4 (H.264) of a usual size such as 1920 x 1080.",
    ),
    "io_error": (
        "The file could not be read from the disk ({reason}).",
        "Check that it is still there and may be read, then try again.",
    ),
    "not_there": (
        "The file is not there; perhaps its disk or folder is away.",
        "Bring it back: indexing goes on by itself.",
    ),
    "picture_kind": (
        "Pictures of this kind cannot be read here: only PNG, JPEG, WebP, AVIF, BMP and GIF can.",
        "Save it as JPEG or PNG.",
    ),
    "picture_damaged": (
        "The picture is damaged or cut off.",
        "Open it elsewhere and save it again, or choose another.",
    ),
    "no_example": (
        "The content is neither a video nor a picture in a format that is known here.",
        "Choose another, or save it as MP4 (H.264), JPEG or PNG.",
    ),
}

# A decoder that died may have been killed for another's sake; it gets another chance.
_RETRYABLE: frozenset[VideoCode] = frozenset({"io_error", "decoder_timeout", "decoder_crashed"})

FINAL: frozenset[str] = frozenset(VIDEO_CODES) - _RETRYABLE - {"out_of_memory", "not_there"}
"""Codes that tell what the bytes are: the same bytes, offered again, would fail again."""

OUT_OF_REACH: frozenset[str] = frozenset({"io_error", "not_there"})
"""Codes that tell of a file's disk only: once that gives the file, all may go well."""


class IndexerError(Exception):
    """Whatever the indexer refuses or fails at; `str(error)` is a sentence for a person."""

    code: str = "indexer_error"


class VideoError(IndexerError):
    """One video cannot be indexed; `code` is one of `VIDEO_CODES`.

    `facts` fill the blanks of the code's sentence (such as `codec` for `codec_not_allowed`);
    they are JSON values, so that the error can cross from one process to another.
    """

    def __init__(self, code: VideoCode, **facts: Any) -> None:
        happened, advice = _SENTENCES[code]
        super().__init__(f"{happened.format(**facts)} {_SAFE} {advice}")
        self.code: VideoCode = code
        self.facts = facts

    @property
    def retryable(self) -> bool:
        """Whether the same file may succeed later, because the machine was at fault."""
        return self.code in _RETRYABLE


class StoreError(IndexerError):
    """The store of vectors failed."""

    code = "store_error"


class StoreUnavailable(StoreError):  # noqa: N818
    """The store does not answer, or cannot be opened at all."""

    code = "store_unavailable"


class StoreLocked(StoreError):  # noqa: N818
    """Another process has the embedded store open."""

    code = "store_locked"


class StoreMismatch(StoreError):  # noqa: N818
    """What is stored was made under another fingerprint."""

    code = "store_mismatch"


class LibraryError(IndexerError):
    """The library of videos refuses or cannot do what was asked."""

    code = "library_error"


class BadVector(StoreError):  # noqa: N818
    """A vector that cannot be compared with others: not finite, of no length or wrong width."""

    code = "bad_vector"


class UnknownVideo(LibraryError):  # noqa: N818
    """No video is known under this id."""

    code = "unknown_video"


class UnknownMoment(LibraryError):  # noqa: N818
    """A question names a moment, or a stretch of a video, that has no segment."""

    code = "unknown_moment"


class NothingAsked(IndexerError):  # noqa: N818
    """A question has no direction: what it names cancels out, or has no weight."""

    code = "nothing_asked"


class NothingFound(LibraryError):  # noqa: N818
    """What was to be made of moments needs at least one."""

    code = "nothing_found"


class NotIndexed(LibraryError):  # noqa: N818
    """Nothing was ever indexed with this model here."""

    code = "not_indexed"


class ReadOnly(LibraryError):  # noqa: N818
    """This installation takes no changes."""

    code = "read_only"


class UploadRefused(LibraryError):  # noqa: N818
    """More bytes than are taken, or fewer than were announced."""

    code = "upload_refused"


class UnknownUpload(LibraryError):  # noqa: N818
    """No upload goes on under this id: it was stopped, or given up after a day."""

    code = "unknown_upload"

    def __init__(self) -> None:
        super().__init__("This upload is not known here any more. Send the file from its start.")


class UploadConflict(LibraryError):  # noqa: N818
    """An upload goes on elsewhere than where its sender believes."""

    code = "upload_conflict"


class BackupRefused(LibraryError):  # noqa: N818
    """A file that is no whole backup, or a place where none can be restored."""

    code = "backup_refused"


class BadLabel(LibraryError):  # noqa: N818
    """A text that cannot be a tag or the name of a saved search."""

    code = "bad_label"


class BadStretch(LibraryError):  # noqa: N818
    """Seconds that are no stretch of a video."""

    code = "bad_stretch"


class TooMany(LibraryError):  # noqa: N818
    """More of a kind than is kept."""

    code = "too_many"


class DiskFull(LibraryError):  # noqa: N818
    """The disk does not hold what was to be written."""

    code = "disk_full"


class StudyFailed(IndexerError):  # noqa: N818
    """What is computed over the whole library could not be."""

    code = "study_failed"


class FilesWouldGo(LibraryError):  # noqa: N818
    """What is to be removed is kept here alone, and nobody has said that it may be deleted."""

    code = "files_would_go"


class LibraryBusy(LibraryError):  # noqa: N818
    """Another program holds the library's file."""

    code = "library_busy"


class LibraryOutdated(LibraryError):  # noqa: N818
    """A library of an earlier version, which must not be changed now."""

    code = "library_outdated"


WAITED_FOR = (StoreUnavailable, DiskFull, LibraryBusy)
"""What every other video would meet as well, and what passes: it is no video's failure."""

_FULL = (
    "The disk is full. What is stored already is safe: make room on it, and indexing goes on by "
    "itself; send again what was being uploaded."
)


@contextmanager
def room_needed() -> Iterator[None]:
    """Writing that raises DiskFull when the system says that there is no room."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise no_room() from error


def no_room() -> DiskFull:
    """A disk that turned out to be full while something was written."""
    return DiskFull(_FULL)


def no_folder(path: object) -> LibraryError:
    """What was named as a folder is none."""
    return LibraryError(f"{path} is not a folder. Name a folder that holds videos.")
