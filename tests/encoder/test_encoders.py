"""The networks as wholes: parameter trees, what they promise, and what they refuse."""

import functools
import json
import math
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from flax import traverse_util
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import numpy as jnp

from encoder import encoders
from encoder.errors import InvalidInput
from encoder.vision import wants

MANIFESTS = Path(__file__).parents[1] / "data" / "manifests"
KEY = jax.random.key(11)

BASE = {"pos_emb_shape": (16, 16, 16), "atten_logit_cap": 50.0, "scan": True}
LARGE = {
    **BASE,
    "pos_emb_shape": (8, 16, 16),
    "model_dim": 1024,
    "num_spatial_layers": 24,
    "num_heads": 16,
    "mlp_dim": 4096,
}
GIANT = {**LARGE, "model_dim": 1408, "num_spatial_layers": 40, "mlp_dim": 6144}
TEXT = {"num_auxiliary_layers": 2, "vocabulary_size": 32_000}
GIANT_TEXT = {**TEXT, "num_unimodal_layers": 16, "norm_policy": "primer_hybrid"}
NETWORKS: dict[str, Any] = {
    "videoprism_public_v1_base": encoders.FactorizedEncoder(**BASE),
    "videoprism_public_v1_large": encoders.FactorizedEncoder(**LARGE),
    "videoprism_v1_giant": encoders.FactorizedEncoder(**GIANT),
    "videoprism_lvt_public_v1_base": encoders.FactorizedVideoCLIP(**BASE, **TEXT),
    "videoprism_lvt_public_v1_large": encoders.FactorizedVideoCLIP(**LARGE, **TEXT),
    "videoprism_lvt_v1_giant": encoders.FactorizedVideoCLIP(**GIANT, **GIANT_TEXT),
    "videoprism_vc_v1_base_400": encoders.FactorizedVideoClassifier(
        encoder_params=BASE, num_classes=400
    ),
}

TINY = {
    "patch_size": 4,
    "pos_emb_shape": (3, 2, 2),
    "model_dim": 8,
    "num_spatial_layers": 1,
    "num_temporal_layers": 1,
    "num_heads": 2,
    "mlp_dim": 16,
    "atten_logit_cap": 50.0,
    "scan": True,
}
TINY_TEXT = {"num_auxiliary_layers": 1, "num_unimodal_layers": 1, "vocabulary_size": 20}
CLIP = encoders.FactorizedVideoCLIP(**TINY, **TINY_TEXT)
ENCODER = encoders.FactorizedEncoder(**TINY)


def frames(batch: int = 1, count: int = 3, size: int = 8, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.random((batch, count, size, size, 3), dtype=np.float32)


IDS = np.array([[3, 7, 19, 0, 0]], np.int32)
PADDINGS = np.array([[0, 0, 0, 1, 1]], np.float32)


def tree(network: Any, *args: Any) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a network's parameters by flat name, without computing anything."""
    variables = jax.eval_shape(network.init, KEY, *args)
    return {k: v.shape for k, v in traverse_util.flatten_dict(variables, sep="/").items()}


def abstract(*shape: int, dtype: Any = jnp.float32) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, dtype)


def draw(network: Any, *args: Any) -> Any:
    """Draw parameters of the right shapes, which compiles nothing."""
    rng = np.random.default_rng(5)
    variables = jax.eval_shape(network.init, KEY, *args)
    return jax.tree.map(
        lambda leaf: 0.3 * rng.standard_normal(leaf.shape, dtype=np.float32), variables
    )


@pytest.fixture(scope="module")
def clip_variables() -> Any:
    return draw(CLIP, frames(), IDS, PADDINGS)


@pytest.fixture(scope="module")
def encoder_variables() -> Any:
    return draw(ENCODER, frames())


@functools.cache
def compiled(network: Any, **options: Any) -> Any:
    """Return a network's compiled `apply`."""
    return jax.jit(functools.partial(network.apply, **options))


@pytest.mark.parametrize("path", sorted(MANIFESTS.glob("*.json")), ids=lambda p: p.stem)
def test_parameters_are_those_of_the_checkpoint(path: Path) -> None:
    manifest = {k: tuple(v) for k, v in json.loads(path.read_text()).items()}
    network = NETWORKS[path.stem]
    args = [abstract(1, 2, 288, 288, 3)]
    if isinstance(network, encoders.FactorizedVideoCLIP):
        args += [abstract(1, 4, dtype=jnp.int32), abstract(1, 4)]
    assert tree(network, *args) == manifest


def test_every_manifest_has_a_network() -> None:
    assert {path.stem for path in MANIFESTS.glob("*.json")} == NETWORKS.keys()


def test_parameters_stay_float32_in_a_bfloat16_network() -> None:
    network = encoders.FactorizedVideoCLIP(**TINY, **TINY_TEXT, fprop_dtype=jnp.bfloat16)
    variables = jax.eval_shape(network.init, KEY, frames(), IDS, PADDINGS)
    assert {x.dtype for x in jax.tree.leaves(variables)} == {jnp.dtype(jnp.float32)}
    halved = encoders.FactorizedVideoCLIP(**TINY, **TINY_TEXT, dtype=jnp.bfloat16)
    variables = jax.eval_shape(halved.init, KEY, frames(), IDS, PADDINGS)
    assert {x.dtype for x in jax.tree.leaves(variables)} == {jnp.dtype(jnp.bfloat16)}


@pytest.mark.parametrize("scan", [True, False])
def test_float32_input_runs_in_a_bfloat16_network(scan: bool) -> None:
    options = {**TINY, **TINY_TEXT, "scan": scan}
    network = encoders.FactorizedVideoCLIP(**options, fprop_dtype=jnp.bfloat16)
    pads = np.array([[0, 0, 1]])
    for kind in (np.float32, bool):
        call = functools.partial(
            network.init_with_output,
            return_intermediate=True,
            frame_paddings=pads.astype(kind),
        )
        (video, text, outputs), _ = jax.eval_shape(call, KEY, frames(), IDS, PADDINGS.astype(kind))
        types = {x.dtype for x in (video, text, *outputs.values())}
        assert types == {jnp.dtype(jnp.bfloat16)}


def test_each_half_runs_alone(clip_variables: Any) -> None:
    video, text, outputs = compiled(CLIP)(clip_variables, frames(2), IDS, PADDINGS)
    assert video.shape == (2, 8)
    assert text.shape == (1, 8)
    assert outputs == {}
    only_video, none, _ = compiled(CLIP)(clip_variables, frames(2))
    assert none is None
    none, only_text, _ = compiled(CLIP)(clip_variables, None, IDS, PADDINGS)
    assert none is None
    np.testing.assert_allclose(only_video, video, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(only_text, text, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(video, axis=-1), 1.0, rtol=1e-5)


def test_intermediate_outputs_come_by_name() -> None:
    def asked(wanted: Any) -> dict[str, tuple[int, ...]]:
        call = functools.partial(CLIP.init_with_output, return_intermediate=wanted)
        (_, _, outputs), _ = jax.eval_shape(call, KEY, frames())
        return {name: x.shape for name, x in outputs.items()}

    assert asked(True) == {
        "spatial_features": (1, 12, 8),
        "spatiotemporal_features": (1, 12, 8),
        "frame_embeddings": (1, 3, 8),
    }
    assert asked(["frame_embeddings", "unheard_of"]) == {"frame_embeddings": (1, 3, 8)}


def test_a_plain_string_asks_for_one_name() -> None:
    assert wants("spatial_features", "spatial_features")
    assert not wants("not_spatial_features", "spatial_features")


def test_the_encoder_and_the_classifier_name_theirs() -> None:
    call = functools.partial(ENCODER.init_with_output, return_intermediate=True)
    (features, outputs), _ = jax.eval_shape(call, KEY, frames(2))
    assert features.shape == (2, 12, 8)
    assert outputs.keys() == {"spatial_features"}

    network = encoders.FactorizedVideoClassifier(encoder_params=TINY, num_classes=5)
    for wanted, names in (
        (True, {"spatial_features", "spatiotemporal_features", "global_embeddings"}),
        ({"global_embeddings"}, {"global_embeddings"}),
    ):
        call = functools.partial(network.init_with_output, return_intermediate=wanted)
        (logits, outputs), _ = jax.eval_shape(call, KEY, frames(2))
        assert logits.shape == (2, 5)
        assert outputs.keys() == names


def test_building_changes_no_configuration() -> None:
    config = {**TINY, "pos_emb_shape": (3, 2, 2)}
    before = json.dumps(config)
    network = encoders.FactorizedVideoClassifier(encoder_params=config, num_classes=5)
    jax.eval_shape(network.init, KEY, frames())
    assert json.dumps(config) == before


def test_the_encoder_takes_patches_as_well(encoder_variables: Any) -> None:
    x = frames(2)
    patches = encoders.patchify(jnp.asarray(x.reshape(-1, 8, 8, 3)), 4)
    by_patches, _ = compiled(ENCODER, image_shape=(3, 8, 8), method="encode_with_patches")(
        encoder_variables, patches
    )
    by_frames, _ = compiled(ENCODER)(encoder_variables, x)
    np.testing.assert_allclose(by_patches, by_frames, rtol=1e-5, atol=1e-6)


def test_patches_run_by_rows_and_hold_rows_columns_channels() -> None:
    x = np.arange(2 * 6 * 4 * 3).reshape(2, 6, 4, 3)
    patches = encoders.patchify(jnp.asarray(x), 2)
    assert patches.shape == (2, 6, 12)
    np.testing.assert_array_equal(patches[1, 3], x[1, 2:4, 2:4].reshape(-1))


def test_padded_frames_do_not_reach_the_real_ones(encoder_variables: Any) -> None:
    run = compiled(ENCODER)
    x, changed = frames(), frames()
    changed[:, 2] = 1.0 - changed[:, 2]
    pads = np.array([[0, 0, 1]], np.float32)
    before, _ = run(encoder_variables, x, frame_paddings=pads)
    after, _ = run(encoder_variables, changed, frame_paddings=pads)
    np.testing.assert_array_equal(before[:, :8], after[:, :8])
    unpadded, _ = run(encoder_variables, x, frame_paddings=np.zeros_like(pads))
    assert np.abs(before[:, :8] - unpadded[:, :8]).max() > 1e-4


def test_texts_do_not_depend_on_their_padding(clip_variables: Any) -> None:
    def embed(ids: np.ndarray, paddings: np.ndarray) -> np.ndarray:
        return np.asarray(compiled(CLIP)(clip_variables, None, ids, paddings)[1])

    text = embed(IDS, PADDINGS)
    np.testing.assert_array_equal(embed(np.where(PADDINGS == 1, 5, IDS), PADDINGS), text)
    np.testing.assert_allclose(embed(IDS[:, :3], PADDINGS[:, :3]), text, atol=1e-6)
    assert np.abs(embed(IDS, np.zeros_like(PADDINGS)) - text).max() > 1e-3


@given(st.integers(1, 40), st.integers(1, 17))
@settings(max_examples=15, deadline=None)
def test_sinusoids_run_from_the_shortest_to_the_longest_wave(length: int, dim: int) -> None:
    table = np.asarray(encoders.sinusoid(length, dim))
    half = dim // 2
    assert table.shape == (length, dim)
    for i in range(half):
        rate = 10_000.0 ** (-i / max(half - 1, 1))
        angles = [p * rate for p in range(length)]
        np.testing.assert_allclose(table[:, i], [math.sin(a) for a in angles], atol=1e-4)
        np.testing.assert_allclose(table[:, half + i], [math.cos(a) for a in angles], atol=1e-4)
    assert not table[:, 2 * half :].any()


def test_position_tables_are_antialiased_when_they_shrink() -> None:
    shrunk = encoders.resample_positions(jnp.eye(16), (8,))
    np.testing.assert_allclose(shrunk[0, :4], np.array([3, 3, 1, 0]) / 7, atol=1e-6)
    grown = encoders.resample_positions(jnp.asarray([[0.0], [1.0]]), (4,))
    np.testing.assert_allclose(grown[:, 0], [0.0, 0.25, 0.75, 1.0], atol=1e-6)
    table = jnp.ones((2, 2, 3))
    assert encoders.resample_positions(table, (2, 2)) is table


def test_embeddings_look_up_scale_and_mark_strangers() -> None:
    table = np.arange(12.0, dtype=np.float32).reshape(3, 4)
    variables = {"params": {"emb_var": table}}
    ids = jnp.asarray([[0, 2], [-1, 3]])

    def rows(**options: Any) -> np.ndarray:
        layer = encoders.Embedding(num_classes=3, input_dim=4, **options)
        return np.asarray(layer.apply(variables, ids))

    np.testing.assert_array_equal(rows(), table[[[0, 2], [0, 2]]])
    np.testing.assert_array_equal(rows(scale_sqrt_depth=True)[0], 2.0 * table[[0, 2]])
    np.testing.assert_array_equal(rows(lookup_style="matmul")[0], table[[0, 2]])
    marked = rows(set_nan_for_oob_id=True)
    np.testing.assert_array_equal(np.isnan(marked).all(-1), [[False, False], [True, True]])
    with pytest.raises(InvalidInput, match="hash"):
        rows(lookup_style="hash")


def test_position_embeddings() -> None:
    fixed = encoders.PositionalEmbedding(embedding_dim=6, min_timescale=10, max_timescale=20)
    table, variables = fixed.init_with_output(KEY, 5)
    assert variables == {}
    np.testing.assert_allclose(table[0], encoders.sinusoid(5, 6, 10, 20))
    learned = encoders.TrainablePositionalEmbedding(embedding_dim=6, max_seq_length=5)
    table, variables = learned.init_with_output(KEY, 3)
    np.testing.assert_array_equal(table[0], variables["params"]["emb_var"][:3])
    with pytest.raises(InvalidInput, match="7 positions"):
        learned.init(KEY, 7)
    with pytest.raises(InvalidInput, match="index"):
        encoders.TrainablePositionalEmbedding(6, 5, lookup_style="index").init(KEY, 3)


BAD_FRAMES = {
    "divide 8-bit pixels by 255": (frames() * 255).astype(np.uint8),
    "divide 8-bit pixels by 255, and": frames() * 255,
    "run from -0.9": frames() * 2 - 1,
    "nan": np.full((1, 2, 8, 8, 3), np.nan, np.float32),
    "square, got 8 x 4": frames()[:, :, :, :4],
    "9 x 9 do not divide into patches of 4 x 4": frames(size=9),
    r"got \[3, 8, 8, 3\]": frames()[0],
    r"got \[1, 3, 8, 8, 1\]": frames()[..., :1],
    "at least one frame": frames()[:, :0],
}


@pytest.mark.parametrize("message", BAD_FRAMES)
def test_frames_that_would_give_wrong_features_are_refused(message: str) -> None:
    # The parameters are not reached, so there need not be any.
    with pytest.raises(InvalidInput, match=message):
        ENCODER.apply({}, BAD_FRAMES[message])
    with pytest.raises(InvalidInput, match=message):
        ENCODER.apply({}, jnp.asarray(BAD_FRAMES[message]))


def test_types_and_shapes_are_refused_while_tracing_too() -> None:
    for bad in (abstract(1, 2, 8, 8, 3, dtype=jnp.uint8), abstract(1, 2, 9, 9, 3)):
        with pytest.raises(InvalidInput):
            jax.eval_shape(ENCODER.init, KEY, bad)
    constant = jnp.asarray(frames() * 255)
    with pytest.raises(InvalidInput, match="run from"):
        jax.jit(lambda: ENCODER.apply({}, constant))()


def test_frames_at_the_ends_of_the_range_are_taken() -> None:
    x = np.zeros((1, 1, 8, 8, 3), np.float32)
    x[0, 0, 0] = 1.0 + 1e-6
    jax.eval_shape(functools.partial(ENCODER.init, KEY), x)
    with pytest.raises(Exception, match="kernel"):  # past the door, no parameters
        ENCODER.apply({}, x)


@pytest.mark.parametrize(
    ("pads", "message"),
    [
        (np.zeros((1, 4)), r"frames must have shape \[1, 3\], got \[1, 4\]"),
        (np.zeros(3), "frames must have shape"),
        (np.array([[0, 0, 255]]), "1 for padding"),
        (np.array([[0, 0, -1.0]]), "1 for padding"),
    ],
)
def test_frame_paddings_that_do_not_fit_are_refused(pads: np.ndarray, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        ENCODER.apply({}, frames(), frame_paddings=pads)


@pytest.mark.parametrize(
    ("ids", "pads", "message"),
    [
        (IDS + 1, PADDINGS, "0 to 19, these run from 1 to 20"),
        (IDS - 1, PADDINGS, "run from -1"),
        (IDS.astype(np.float32), PADDINGS, "integers"),
        (IDS[0], PADDINGS[0], r"\[texts, length\]"),
        (IDS, PADDINGS[:, :4], r"texts must have shape \[1, 5\], got \[1, 4\]"),
        (IDS, PADDINGS * 2, "1 for padding"),
        (IDS, None, "text_paddings"),
    ],
)
def test_texts_that_do_not_fit_are_refused(ids: Any, pads: Any, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        CLIP.apply({}, None, ids, pads)


def test_traced_ids_outside_the_vocabulary_give_nan(clip_variables: Any) -> None:
    _, text, _ = compiled(CLIP)(clip_variables, None, IDS + 1, PADDINGS)
    assert np.isnan(text).all()


def test_a_width_that_heads_do_not_divide_is_refused() -> None:
    network = encoders.FactorizedEncoder(**{**TINY, "num_heads": 3})
    with pytest.raises(InvalidInput, match="8 does not divide into 3 heads"):
        jax.eval_shape(network.init, KEY, frames())


def test_text_encoders_may_do_without_class_tokens() -> None:
    network = encoders.TextEncoder(
        vocabulary_size=20, model_dim=8, num_layers=1, mlp_dim=16, num_heads=2
    )
    output, _ = jax.eval_shape(network.init_with_output, KEY, IDS, PADDINGS)
    assert output.shape == (1, 5, 8)
