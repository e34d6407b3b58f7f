"""Videos in bfloat16 on a CPU: near float32 or not used at all."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small
from flax import traverse_util

from encoder import embedder as module
from encoder import fast
from encoder.catalogue import ModelCard
from encoder.embedder import Embedder
from encoder.errors import MissingPackage
from encoder.prepared import prepare
from encoder.windows import Programs

bfloat16 = pytest.importorskip("encoder.bfloat16")
if "BF16" not in bfloat16.openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
    pytest.skip("this processor does not multiply bfloat16", allow_module_level=True)

CASES = sorted((Path(__file__).parents[1] / "data" / "parity").glob("*.npz"))
# Logits without a cap, as in no public model: the reference itself is 0.998 near in bfloat16.
UNCAPPED = "clip_bidir_unnormalized_noaux"
# What each kind of network gives for a window, as a vector or as its tokens.
OUTPUTS = {
    "clip": "video_embeddings",
    "encoder": "embeddings",
    "classifier": "spatiotemporal_features",
}


@pytest.fixture(autouse=True)
def _packed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold even small networks' kernels in bfloat16, as large ones' are."""
    monkeypatch.setattr(bfloat16, "SMALL", 500)


class Case:
    """A reference file: a network for videos, its clips and its outputs."""

    def __init__(self, path: Path) -> None:
        with np.load(path, allow_pickle=False) as file:
            members = {key: file[key] for key in file.files}
        meta = json.loads(str(members["config_json"]))
        config, self.clips = meta["config"], members["inputs/frames"]
        flat = {k: v for k, v in members.items() if k.startswith("params/")}
        params = traverse_util.unflatten_dict(flat, sep="/")["params"]
        shape, rows = config["pos_emb_shape"], meta["H"] // config["patch_size"]
        params = params.get("encoder", params)  # a classifier's, without its head
        self.weights = prepare(params, shape, meta["T"], rows, "float32")
        self.network = fast.Network.of(config)
        frame = partial(fast.frame_features, self.network, self.weights["frame"])
        window = partial(fast.window_vectors, self.network, self.weights["window"])
        sizes = (meta["T"], meta["H"], config["model_dim"], meta["T"], len(self.clips))
        self.programs = Programs(*sizes, frame, window, np.asarray)
        counts = members.get("inputs/frame_paddings", np.zeros(self.clips.shape[:2])) == 0
        self.counts, self.padded = counts.ravel(), not counts.all()
        frames = (len(self.counts), -1, config["model_dim"])
        self.features = members["outputs/spatial_features"].reshape(frames)
        outputs = members[f"outputs/{OUTPUTS[meta['kind']]}"]
        self.vectors = unit(outputs if outputs.ndim == 2 else outputs.mean(axis=1))


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def nearness(ours: Any, reference: np.ndarray) -> float:
    """Return the least cosine between rows."""
    return float((unit(np.asarray(ours)) * unit(reference)).sum(axis=-1).min())


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_outputs_are_near_the_reference(path: Path) -> None:
    case = Case(path)
    ours = bfloat16._compiled_anew(case.programs, case.network, case.weights)
    features = [feature for clip in case.clips for feature in ours.encode(clip)]
    near = nearness(np.stack(features)[case.counts], case.features[case.counts])
    assert 0.999 < near < 0.9999999  # of another number type
    vectors = ours.finish(features)
    if not case.padded:  # an Embedder has no padded frames
        assert nearness(vectors, case.vectors) > (0.99 if path.stem == UNCAPPED else 0.999)


def test_a_network_that_bfloat16_is_too_coarse_for_is_refused() -> None:
    case = Case(next(path for path in CASES if path.stem == UNCAPPED))
    with pytest.raises(bfloat16.Unfit, match=r"0\.99\d\d near"):
        bfloat16.in_bfloat16(case.programs, case.network, case.weights)


def test_all_nine_cases_are_here() -> None:
    assert len(CASES) == 9


def embedder(card: ModelCard = small.CLIP) -> Embedder:
    params = small.variables(card)["params"]
    return Embedder(card, params, None, "drawn", small.PACE, "bfloat16")


def clips(count: int) -> np.ndarray:
    return small.frames(4 * count).reshape(count, 4, 24, 24, 3)


@pytest.mark.parametrize("card", small.CARDS.values(), ids=lambda card: card.name)
def test_an_embedder_computes_videos_in_it_and_says_so(card: ModelCard) -> None:
    ours = embedder(card)
    assert ours.describe() == f"{card.name} on cpu in bfloat16"
    vectors = ours.embed_clips(clips(3))
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, rtol=1e-5)
    assert (vectors * small.plain_videos(clips(3), card)).sum(axis=1).min() > 0.999


def test_texts_stay_float32() -> None:
    params, words = small.variables()["params"], small.embedder()
    ours = Embedder(small.CLIP, params, words._phrases._tokenizer, "", small.PACE, "bfloat16")
    np.testing.assert_array_equal(ours.embed_texts(["a dog"]), words.embed_texts(["a dog"]))


def test_floats_give_what_bytes_give() -> None:
    ours = embedder()
    np.testing.assert_allclose(
        ours.embed_clips(clips(1) / 255.0), ours.embed_clips(clips(1)), atol=1e-3
    )


def test_streams_may_run_at_once() -> None:
    ours = embedder()
    rows = clips(8)
    alone = ours.embed_clips(rows)
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda clip: ours.embed_clips([clip])[0], rows))
    np.testing.assert_allclose(np.stack(together), alone, atol=1e-6)


class OldCore:
    """A processor of some years ago."""

    def get_property(self, *_: str) -> list[str]:
        return ["FP32", "INT8"]


def test_without_bfloat16_in_the_processor_float32_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bfloat16.openvino, "Core", OldCore)
    ours = embedder()
    line = "small on cpu in float32, because this processor does not multiply bfloat16"
    assert ours.describe() == line
    np.testing.assert_array_equal(
        ours.embed_clips(clips(2)), small.embedder().embed_clips(clips(2))
    )


@pytest.mark.parametrize("wrong", [0.0, np.nan])
def test_a_runtime_that_is_wrong_is_not_used(monkeypatch: pytest.MonkeyPatch, wrong: float) -> None:
    right = bfloat16._compiled

    def compiled(given: Any, result: Any) -> Any:
        run = right(given, result)
        return lambda values: np.where(np.arange(32) < 4, np.float32(wrong), run(values))

    monkeypatch.setattr(bfloat16, "_compiled", compiled)
    ours = embedder()
    assert ours.describe().startswith("small on cpu in float32, because its vectors in bfloat16")
    np.testing.assert_array_equal(
        ours.embed_clips(clips(2)), small.embedder().embed_clips(clips(2))
    )


def test_without_the_extra_one_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(MissingPackage, match=r"\.\[cpu\]"):
        Embedder.load("toy", precision="bfloat16")
    assert Embedder.load("toy").dtype == "float32"


def test_nobody_is_told_that_it_is_in_use() -> None:
    assert sys.modules["openvino_telemetry"] is None
    assert not [name for name in sys.modules if name.startswith("openvino_telemetry.")]
