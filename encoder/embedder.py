"""One model ready to embed clips, windows and texts on whatever this machine has.

Compiles the fast forward pass for this machine's device and keeps the programs on disk. Knows
no video files, times or stores; how much a device is given is pace.py's, how windows share
frames windows.py's, how texts are batched phrases.py's, the arithmetic fast.py's.
"""

from collections.abc import Callable, Iterable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from threading import Event
from typing import Any, Literal

import jax
import numpy as np
from jax.experimental.compilation_cache.compilation_cache import reset_cache
from jaxtyping import Float, Shaped

from encoder import fast
from encoder.catalogue import CARDS, ModelCard, get_card
from encoder.checkpoints import find_weights, load_weights, weights_id
from encoder.errors import InvalidInput, MissingPackage
from encoder.halving import Halving
from encoder.models import expected_shapes
from encoder.pace import Pace, pace_for
from encoder.phrases import Phrases, Tower
from encoder.prepared import Tree, prepare
from encoder.streamed import TEXT_TOWER, streamed_tower
from encoder.tokenizers import SentencePieceTokenizer, load_tokenizer
from encoder.windows import Programs, WindowStream, embed_each

Report = Callable[[str], None]
Precision = Literal["float32", "bfloat16"]


class Embedder:
    """Turns clips, windows of frames and texts into unit vectors of one space.

    A video-only model has no text tower: its vectors are those of the mean token, good for
    finding videos like an example, and it reads no words. All methods may be called from
    several threads at once; a text runs beside a batch of windows, or between two.
    """

    def __init__(
        self,
        card: ModelCard,
        params: Tree,
        tokenizer: SentencePieceTokenizer | None,
        weights_id: str = "",
        pace: Pace | None = None,
        precision: Precision = "float32",
        tower: Tower | None = None,
    ) -> None:
        """Take a checkpoint's tree (below its level `params`); `load` finds one by name.

        Of a tree that holds the text tower alone, only words can be embedded; a `tower` that is
        given is used in its place. With the precision bfloat16 a CPU computes videos in it where
        that is right and quick; `describe` tells.
        """
        device = jax.devices()[0]
        pace = pace or pace_for(device, sum(np.size(leaf) for leaf in jax.tree.leaves(params)))
        self.card, self.weights_id = card, weights_id
        self.frames, self.pixels, self.dim = card.frames, card.pixels, card.dim
        self.device, self.dtype = device.device_kind, pace.dtype
        self._note = pace.note
        self.batch = pace.batch  # windows that a stream is best asked for at a time
        self.chunk = pace.chunk  # frames that a stream is best given between two such times
        rows = card.pixels // card.config["patch_size"]
        weights = prepare(params, card.config["pos_emb_shape"], card.frames, rows, pace.dtype)
        network = fast.Network.of(card.config, pace.heads, pace.tokens, pace.fused)
        self._sight: Programs | None = None
        if "frame" in weights:
            self._sight = Programs(
                frames=card.frames,
                pixels=card.pixels,
                dim=card.dim,
                chunk=pace.chunk,
                batch=pace.batch,
                encode=_halving(_encode, network, weights["frame"], pace.chunk),
                finish=_halving(_finish, network, weights["window"], pace.batch),
                send=np.asarray if device.platform == "cpu" else jax.device_put,
            )
            if precision == "bfloat16" and device.platform == "cpu":
                self._sight = self._in_bfloat16(self._sight, network, weights)
        self._phrases: Phrases | None = None
        if tokenizer is not None:
            tower = tower or partial(_read, network, weights["text"])
            self._phrases = Phrases(tower, tokenizer, card.dim)

    @classmethod
    def load(
        cls,
        name: str,
        *,
        weights: Path | None = None,
        tokenizer: Path | None = None,
        cache_dir: Path | None = None,
        report: Report | None = None,
        only_words: bool = False,
        precision: Precision = "float32",
    ) -> "Embedder":
        """Find, verify and load a model of the catalogue by name or hub id.

        `weights` and `tokenizer` are files to use instead of the bundled or downloaded ones.
        Compiled programs are kept in `cache_dir`, so that the next start is quick. `report`
        is given a line of text for whatever takes long, and one for device and number type.
        `only_words` leaves all but the text tower in the file, and on a CPU that one too but for
        a layer at a time: for those who embed a few texts and no pictures. `precision` is that of
        videos on a CPU; a card's is its own.

        Raises UnknownModel, CheckpointError, TokenizerError, DownloadError or MissingPackage,
        and InvalidInput for a classifier, whose head tells classes and gives no vectors.
        """
        card = get_card(name)
        if precision == "bfloat16":
            _check_installed()
        if card.kind == "classifier":
            raise InvalidInput(f"{card.name} is a classifier and embeds nothing. {_readers()}")
        if cache_dir is not None:
            _keep_programs(cache_dir)
        path = find_weights(card, weights, report=report)
        reads = card.kind == "clip"
        words = load_tokenizer(card.tokenizer, tokenizer, report=report) if reads else None
        if report:
            report(f"Loading {card.name} ...")
        expected = expected_shapes(card.name)
        tower = streamed_tower(card, path, expected) if only_words and reads else None
        params: Tree = {}
        if tower is None:
            below = TEXT_TOWER if only_words and reads else ""
            params = load_weights(path, expected, card.name, below)["params"]
        embedder = cls(card, params, words, weights_id(path), None, precision, tower)
        if not only_words and jax.default_backend() != "cpu":
            embedder.warm_up()
        if report:
            report(embedder.describe())
        return embedder

    def _in_bfloat16(
        self, sight: Programs, network: fast.Network, weights: fast.Weights
    ) -> Programs:
        from encoder import bfloat16  # an extra, and half a second

        try:
            halved = bfloat16.in_bfloat16(sight, network, weights)
        except bfloat16.Unfit as reason:
            self._note = f", because {reason}"
            return sight
        self.dtype = "bfloat16"
        return halved

    def describe(self) -> str:
        """One line: the model, the device it runs on, the type of its numbers, what is lacking."""
        return f"{self.card.name} on {self.device} in {self.dtype}{self._note}"

    def warm_up(self) -> None:
        """Compile and run the video's programs, so that none has to be compiled later.

        A batch that the device has no room for shows here, and is halved.
        """
        stream = self.window_stream()
        stream.push(np.zeros((self.frames, self.pixels, self.pixels, 3), np.uint8))
        stream.embed([range(self.frames)])

    def warm_up_texts(self, stopped: Event) -> None:
        """Compile and run the programs for texts, if it reads any, until it is `stopped`."""
        if self._phrases is not None:
            self._phrases.compile_ahead(stopped)

    def embed_texts(self, texts: Iterable[str]) -> Float[np.ndarray, "N dim"]:
        """Return a unit vector in float32 for each text; the latest are remembered.

        Raises InvalidInput for what is not a text or has no word in it, or if the model reads
        no words.
        """
        if self._phrases is None:
            raise InvalidInput(f"{self.card.name} embeds videos only. {_readers()}")
        return self._phrases.embed(texts)

    def embed_clips(
        self, clips: Iterable[Shaped[np.ndarray, "T P P 3"]]
    ) -> Float[np.ndarray, "N dim"]:
        """Return a unit vector in float32 for each clip, which may come from a generator.

        Clips are uint8, or floats in [0, 1], and hold the model's number of frames. Overlapping
        windows of one video are cheaper through `window_stream`.

        Raises InvalidInput for clips that would give wrong vectors.
        """
        batches = list(embed_each(self._programs, iter(clips)))
        return np.concatenate(batches) if batches else np.empty((0, self.dim), np.float32)

    def window_stream(self) -> WindowStream:
        """Start a stream of frames over which windows slide."""
        return WindowStream(self._programs)

    @property
    def _programs(self) -> Programs:
        if self._sight is None:
            raise InvalidInput(f"{self.card.name} was loaded for words alone and sees nothing.")
        return self._sight


def _check_installed() -> None:
    """Raise MissingPackage where a CPU would compute and the extra for it is not installed."""
    if jax.default_backend() == "cpu" and find_spec("openvino") is None:
        raise MissingPackage(
            "bfloat16 on a CPU needs a package more, which there is for 64-bit Linux and Windows "
            'on Intel and AMD: pip install -c constraints.txt -e ".[cpu]"'
        )


def default_device() -> str:
    """What this machine computes on, as the device names itself."""
    return str(jax.devices()[0].device_kind)


# Half of a CPU's time beyond matrix products is tanh, exp and erf; XLA would compute eight at a
# time where many processors take sixteen. Others are not told what they cannot do.
_compiled = partial(
    jax.jit, static_argnums=0, compiler_options={"xla_cpu_prefer_vector_width": 512}
)


def _halving(
    step: Callable[..., Any], network: fast.Network, weights: fast.Weights, units: int
) -> Halving:
    return Halving(partial(step, network, weights), units)


@_compiled
def _encode(network: fast.Network, weights: fast.Weights, frames: jax.Array) -> list[jax.Array]:
    return fast.frame_features(network, weights, frames)


@_compiled
def _finish(network: fast.Network, weights: fast.Weights, features: list[jax.Array]) -> jax.Array:
    return fast.window_vectors(network, weights, features)


@_compiled
def _read(
    network: fast.Network, weights: fast.Weights, ids: jax.Array, paddings: jax.Array
) -> jax.Array:
    return fast.unit(fast.text_vectors(network, weights, ids, paddings))


def _keep_programs(folder: Path) -> None:
    """Keep compiled programs on disk, small ones too: a small model's take seconds as well."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return  # a disk that may only be read: starting takes longer, no more
    if getattr(jax.config, "jax_compilation_cache_dir", None) not in (None, str(folder)):
        reset_cache()  # it would go on writing where it wrote first
    settings: dict[str, Any] = {
        "jax_compilation_cache_dir": str(folder),
        "jax_persistent_cache_min_compile_time_secs": 0.0,
        "jax_persistent_cache_min_entry_size_bytes": -1,
        # Else a program is known by the folder's name too, and one that was moved has none.
        "jax_persistent_cache_enable_xla_caches": "none",
    }
    for name, value in settings.items():
        jax.config.update(name, value)  # type: ignore[no-untyped-call]


def _readers() -> str:
    names = [card.name for card in CARDS.values() if card.kind == "clip"]
    return f"Models that read words: {', '.join(names)}."
