"""The rearranged forward pass gives what the networks give, in bounded memory."""

import json
from functools import cache, partial
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
import small
from flax import traverse_util
from jax import numpy as jnp
from small import relative_error

from encoder import fast
from encoder.catalogue import get_card
from encoder.checkpoints import load_weights
from encoder.prepared import Prepared, prepare

FOLDER = Path(__file__).parents[1] / "data" / "parity"


class Case:
    """A reference file whose frames all count, and the fast path's answers to it."""

    def __init__(self, path: Path) -> None:
        with np.load(path, allow_pickle=False) as file:
            self.members = {key: file[key] for key in file.files}
        self.meta = json.loads(str(self.members["config_json"]))
        self.network = fast.Network.of(self.meta["config"], heads_at_once=3, tokens_at_once=24)

    def weights(self, dtype: str) -> Prepared:
        flat = {k: v for k, v in self.members.items() if k.startswith("params/")}
        params = traverse_util.unflatten_dict(flat, sep="/")["params"]
        config = self.meta["config"]
        rows = self.meta["H"] // config["patch_size"]
        return prepare(params, config["pos_emb_shape"], self.meta["T"], rows, dtype)

    def outputs(self, dtype: str = "float32") -> dict[str, jax.Array]:
        given = {k: v for k, v in self.members.items() if k.startswith("inputs/")}
        outputs: dict[str, jax.Array] = jax.jit(self._outputs)(self.weights(dtype), given)
        return outputs

    def _outputs(self, weights: Prepared, given: dict[str, jax.Array]) -> dict[str, jax.Array]:
        frames = given["inputs/frames"]
        features = fast.frame_features(
            self.network, weights["frame"], frames.reshape(-1, *frames.shape[2:])
        )
        tokens = fast.window_tokens(self.network, weights["window"], features)
        shape = self.members["outputs/spatial_features"].shape
        outputs = {"spatial_features": jnp.stack(features).reshape(shape)}
        if self.meta["kind"] == "encoder":
            return outputs | {"embeddings": tokens}
        text = (given["inputs/text_token_ids"], given["inputs/text_paddings"])
        return outputs | self._embeddings(weights, tokens, text)

    def _embeddings(
        self, weights: Prepared, tokens: jax.Array, text: tuple[jax.Array, jax.Array]
    ) -> dict[str, jax.Array]:
        pooler, (batch, _, dim) = weights["window"]["pooler"], tokens.shape
        single = fast.pooled(pooler, tokens.reshape(batch * self.meta["T"], -1, dim))
        raw = {
            "video_embeddings": fast.pooled(pooler, tokens),
            "text_embeddings": fast.text_vectors(self.network, weights["text"], *text),
            "frame_embeddings": single,
        }
        finish = fast.unit if self.meta["call"]["normalize"] else lambda x: x
        outputs = {name: finish(x) for name, x in raw.items()}
        outputs["frame_embeddings"] = outputs["frame_embeddings"].reshape(batch, -1, dim)
        return outputs


def fits(path: Path) -> bool:
    return not path.stem.startswith(("classifier", "clip_frame_paddings"))


CASES = [path for path in sorted(FOLDER.glob("*.npz")) if fits(path)]


@pytest.fixture(autouse=True)
def _short_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make even small cases attend in several blocks."""
    monkeypatch.setattr(fast, "QUERIES", 20)


def test_all_fitting_cases_are_here() -> None:
    assert len(CASES) == 7


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_float32_outputs_equal_the_reference(path: Path) -> None:
    case = Case(path)
    errors = {
        name: relative_error(ours, case.members[f"outputs/{name}"])
        for name, ours in case.outputs().items()
    }
    assert max(errors.values()) < 1e-5, errors


def test_bfloat16_outputs_are_near_the_reference() -> None:
    case = Case(FOLDER / "clip_pre_scan.npz")
    errors = {
        name: relative_error(ours, case.members[f"outputs/{name}"])
        for name, ours in case.outputs("bfloat16").items()
    }
    assert max(errors.values()) < 2e-2, errors


@cache
def parts() -> tuple[fast.Network, Prepared]:
    config = small.CLIP.config
    params = small.variables()["params"]
    return fast.Network.of(config), prepare(params, config["pos_emb_shape"], 4, 4, "float32")


def test_bytes_are_scaled_as_floats_are() -> None:
    network, weights = parts()
    encode = jax.jit(
        lambda frames: jnp.stack(fast.frame_features(network, weights["frame"], frames))
    )
    frames = small.frames(2)
    assert relative_error(encode(frames), encode(frames / np.float32(255.0))) < 1e-6


def text(*lengths: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    ids = np.random.default_rng(7).integers(3, 1000, (len(lengths), 64))[:, :width]
    paddings = np.arange(width) >= np.array(lengths)[:, None]
    return ids.astype(np.int32), paddings.astype(np.float32)


def test_padding_has_no_effect_on_a_text() -> None:
    network, weights = parts()
    read = jax.jit(partial(fast.text_vectors, network, weights["text"]))
    long, short = text(5, 9, width=64), text(5, 9, width=16)
    whole = read(*long)
    assert relative_error(read(*short), whole) < 1e-6
    long[0][0, 5:] = 999
    np.testing.assert_array_equal(read(*long), whole)
    long[0][0, 4] = 999
    assert relative_error(read(*long), whole) > 1e-3
    assert np.isfinite(read(*text(0, 3, width=16))).all()  # nothing but padding


def draw_heads(size: int, spread: float) -> tuple[jax.Array, ...]:
    rng = np.random.default_rng(size)
    q, k, v = rng.normal(0, spread, (3, 2, 3, size, 8)).astype(np.float32)
    return q, k, v


@jax.jit
def softmax_attention(q: jax.Array, k: jax.Array, v: jax.Array, cap: float) -> jax.Array:
    """Attend as the text books write it; the cap by which logits are divided is above 0."""
    logits = jnp.einsum("...QK,...SK->...QS", q, k)
    return jax.nn.softmax(cap * jnp.tanh(logits / cap), axis=-1) @ v


# Up to 20 queries a block: one, two of 20, three of 17, and a prime number of single queries.
@pytest.mark.parametrize(("size", "at_once"), [(7, 1), (40, 2), (51, 3), (41, 6), (40, 7)])
def test_blocks_of_queries_and_heads_change_nothing(size: int, at_once: int) -> None:
    q, k, v = draw_heads(size, 2.0)
    blocked = jax.jit(partial(fast._attend_in_blocks, cap=5.0, heads_at_once=at_once))
    assert relative_error(blocked(q, k, v), softmax_attention(q, k, v, 5.0)) < 1e-6


@pytest.mark.parametrize("cap", [0.0, 50.0, 1000.0])
def test_huge_logits_do_not_overflow(cap: float) -> None:
    q, k, v = draw_heads(10, 100.0)
    attend = jax.jit(partial(fast._attend, cap=cap))
    assert relative_error(attend(q, k, v), softmax_attention(q, k, v, cap or 1e30)) < 1e-4


def test_blocks_of_tokens_change_nothing() -> None:
    tokens = np.random.default_rng(5).normal(size=(30, 32)).astype(np.float32)
    calls: list[int] = []

    def twice(x: jax.Array) -> jax.Array:
        calls.append(len(x))
        return 2.0 * x

    for most, block in ((30, 30), (29, 15), (7, 6), (1, 1), (100, 30)):
        np.testing.assert_array_equal(fast._in_blocks(twice, tokens, most), 2.0 * tokens)
        assert set(calls) == {block}
        calls.clear()


def test_layers_are_apart_without_a_second_copy_of_the_weights() -> None:
    card = get_card("toy")
    assert card.bundled is not None
    params = load_weights(card.bundled)["params"]
    prepared = prepare(params, card.config["pos_emb_shape"], 8, 4, "float32")
    stack = params["vision_encoder"]["spatial_encoder"]["transformers_stack"]["x_layers"]
    whole = stack["ff_layer"]["ffn_layer1"]["linear"]["kernel"]
    layers = [x["ff_layer"]["ffn_layer1"]["linear"]["kernel"] for x in prepared["frame"]["layers"]]
    assert len(layers) == len(whole) == 2
    for ours, given in zip(layers, whole, strict=True):
        np.testing.assert_array_equal(ours, given)
        assert np.shares_memory(np.asarray(ours), given)


def temporary_bytes(places: int) -> int:
    """Return what one window of 4 frames of `places` tokens needs besides inputs and outputs."""
    network, weights = parts()
    features = [jax.ShapeDtypeStruct((places, 32), jnp.float32)] * 4
    step = jax.jit(fast.window_vectors, static_argnums=0)
    analysis: Any = step.lower(network, weights["window"], features).compile().memory_analysis()
    return int(analysis.temp_size_in_bytes)


def test_memory_does_not_grow_with_the_square_of_the_tokens() -> None:
    # Small on purpose: of buffers above some megabytes the compiler's account says nothing.
    assert temporary_bytes(128) < 5 * temporary_bytes(32)
