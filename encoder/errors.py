"""What can go wrong in the encoder, in words for the person who reads them.

Every error of this room is an `EncoderError`; its text is one or two sentences that say what
happened and what to do. It knows no page, status code or log.

    EncoderError
    ├── InvalidInput      frames, ids, paddings or settings that would give wrong vectors
    ├── UnknownModel      a model name that the catalogue does not hold
    ├── CheckpointError   a weights file that is damaged or belongs to another model
    ├── TokenizerError    a tokenizer that is missing, damaged or not the right one
    ├── NoRoom            a device whose memory does not hold even one window at a time
    ├── MissingPackage    a choice that needs a package which is not installed
    └── DownloadError     a file that could not be fetched; says where to put it by hand
"""


class EncoderError(Exception):
    """Base of all errors of this room."""


class InvalidInput(EncoderError, ValueError):  # noqa: N818 - reads as what it says
    """Input or settings that the networks would get silently wrong."""


class UnknownModel(EncoderError, ValueError):  # noqa: N818
    """A model name that the catalogue does not hold."""


class CheckpointError(EncoderError, ValueError):
    """A weights file with missing, extra, misshaped, truncated or foreign content."""


class TokenizerError(EncoderError, ValueError):
    """A tokenizer that cannot be read or is not the one that the model was trained with."""


class NoRoom(EncoderError, MemoryError):  # noqa: N818
    """A device whose memory does not hold even one window at a time."""

    def __init__(self, device: str) -> None:
        """Name the device, as it names itself."""
        super().__init__(
            f"The memory of {device} is full: not even one window fits. What is indexed is safe. "
            "Close other programs that use it, or choose a smaller model."
        )


class MissingPackage(EncoderError, ImportError):  # noqa: N818
    """A choice that needs a package which is not installed; says how to install it."""


class DownloadError(EncoderError, OSError):
    """A file that could not be fetched."""
