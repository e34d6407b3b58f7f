"""Headers that claim far more than is there: to fill memory, time or the stack."""

from kinds import WHOLE, Fails, Kind, content, derived, surgery

_NOTHING = Fails("nothing_decodable")
_MANY = 2**31 - 1

KINDS: tuple[Kind, ...] = (
    derived(
        "sizes.mp4",
        "fast.mp4",
        "two billion pictures, by its table of sizes",
        Fails("truncated"),
        surgery.patched(b"stsz", 8, ">I", _MANY),
    ),
    derived(
        "equal_sizes.mp4",
        "fast.mp4",
        "two billion pictures of a byte each",
        _NOTHING,
        surgery.patched(b"stsz", 4, ">II", 1, _MANY),
    ),
    derived(
        "times.mp4",
        "fast.mp4",
        "two billion times",
        Fails("out_of_memory"),
        surgery.patched(b"stts", 4, ">II", _MANY, _MANY),
    ),
    derived(
        "places.mp4",
        "fast.mp4",
        "pictures that lie beyond the end",
        _NOTHING,
        surgery.patched(b"stco", 8, ">I", 2**32 - 1),
    ),
    derived(
        "endless_index.mp4",
        "fast.mp4",
        "an index said to have 4 GiB",
        WHOLE,
        surgery.patched(b"moov", -8, ">I", 2**32 - 1),
    ),
    derived(
        "endless_data.mp4", "fast.mp4", "pictures said to fill 4 EiB", WHOLE, surgery.endless_data
    ),
    derived(
        "endless_data_first.mp4",
        "h264.mp4",
        "the same, hiding the index behind them",
        Fails("truncated"),
        surgery.endless_data,
    ),
    derived(
        "endless.mkv",
        "h264.mkv",
        "a Matroska file said to have 64 PiB",
        WHOLE,
        surgery.endless_segment,
    ),
    derived(
        "endless.avi",
        "mjpeg.avi",
        "AVI that claims four billion pictures",
        WHOLE,
        surgery.endless_avi,
        "it ends by SIGABRT",
    ),
    content(
        "packed_index.mov",
        "an index that unpacks to 2 GiB of zeros",
        _NOTHING,
        lambda s: surgery.packed_index(20_000_000),
    ),
    content(
        "nested.mp4",
        "100,000 boxes in each other",
        Fails("truncated"),
        lambda s: surgery.nested(100_000),
    ),
    Kind(
        "sparse.mp4",
        "more than 4 GiB of nothing",
        Fails("not_a_video"),
        lambda s, p: surgery.sparse(p, 17 << 28),
        slow=True,
    ),
)
