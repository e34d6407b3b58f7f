"""The library interface: names, builders, weights, and the public examples word for word."""

import copy
import json
from pathlib import Path
from typing import Any

import av
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from encoder import models as vp
from encoder.catalogue import CARDS, get_card
from encoder.checkpoints import flatten, save_weights
from encoder.encoders import FactorizedEncoder, FactorizedVideoClassifier, FactorizedVideoCLIP
from encoder.errors import CheckpointError, TokenizerError, UnknownModel
from encoder.tokenizers import SentencePieceTokenizer

DATA = Path(__file__).resolve().parents[1] / "data"
SMALL: dict[str, Any] = {
    **get_card("toy").config,
    "pos_emb_shape": (4, 2, 2),
    "vocabulary_size": 1000,
}


def small_model() -> FactorizedVideoCLIP:
    return FactorizedVideoCLIP(**SMALL)


def manifest(name: str) -> dict[str, tuple[int, ...]]:
    shapes = json.loads((DATA / "manifests" / f"{name}.json").read_text())
    return {key: tuple(shape) for key, shape in shapes.items()}


@pytest.fixture(scope="module")
def small_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    clip, ids = jnp.zeros((1, 4, 36, 36, 3)), jnp.zeros((1, 3), jnp.int32)
    paddings = jnp.zeros((1, 3))
    shapes = jax.eval_shape(small_model().init, jax.random.key(1), clip, ids, paddings)
    draw = np.random.default_rng(1)
    variables = jax.tree.map(lambda leaf: draw.normal(0, 0.1, leaf.shape), shapes)
    path = tmp_path_factory.mktemp("weights") / "small.npz"
    save_weights(path, variables, np.float32)
    return path


@pytest.mark.parametrize(
    "name", sorted(path.stem for path in (DATA / "manifests").iterdir() if "_vc_" not in path.stem)
)
def test_parameters_are_the_published_ones(name: str) -> None:
    assert vp.expected_shapes(name) == manifest(name)


def test_a_classifier_has_the_published_parameters() -> None:
    model = vp.videoprism_vc_v1_base(400)
    clip = jax.ShapeDtypeStruct((1, 16, 288, 288, 3), jnp.float32)
    variables = jax.eval_shape(model.init, jax.random.key(0), clip)
    found = {name: leaf.shape for name, leaf in flatten(variables).items()}
    assert found == manifest("videoprism_vc_v1_base_400")


@pytest.mark.parametrize("size", ["base", "large", "giant"])
def test_builders_give_what_the_name_says(size: str) -> None:
    encoder = getattr(vp, f"videoprism_v1_{size}")()
    clip = getattr(vp, f"videoprism_lvt_v1_{size}")()
    classifier = getattr(vp, f"videoprism_vc_v1_{size}")(num_classes=5)

    assert isinstance(encoder, FactorizedEncoder)
    assert isinstance(clip, FactorizedVideoCLIP)
    assert isinstance(classifier, FactorizedVideoClassifier)
    assert (clip.vocabulary_size, classifier.num_classes) == (32_000, 5)
    assert encoder.model_dim == clip.model_dim == classifier.encoder_params["model_dim"]
    assert encoder.scan
    assert clip.atten_logit_cap == 50.0


def test_classes_of_the_public_benchmarks() -> None:
    assert (vp.K400_NUM_CLASSES, vp.SSV2_NUM_CLASSES) == (400, 174)


def test_a_configuration_can_be_copied_and_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    config = copy.deepcopy(vp.CONFIGS["videoprism_v1_base"])
    config["num_heads"] = 6
    config.update(scan=False)
    assert FactorizedEncoder(**config).num_heads == 6
    assert vp.videoprism_v1_base().num_heads == 12, "a copy is a copy"

    monkeypatch.setitem(vp.CONFIGS["videoprism_v1_base"], "num_heads", 6)
    monkeypatch.setitem(vp.CONFIGS, "videoprism_v1_large", config)
    assert vp.videoprism_v1_base().num_heads == 6
    assert vp.get_model("videoprism_public_v1_base") == vp.videoprism_v1_base()
    assert vp.get_model("videoprism_public_v1_large") == FactorizedEncoder(**config)
    assert get_card("videoprism_public_v1_base").config["num_heads"] == 12


def test_building_changes_no_configuration() -> None:
    before = copy.deepcopy(vp.CONFIGS)
    toy_texts = vp.videoprism_lvt_v1_base(text_tokenizer="toy")
    classifier = vp.videoprism_vc_v1_base(3)
    assert before == vp.CONFIGS
    assert classifier.encoder_params == vp.CONFIGS["videoprism_v1_base"]
    assert classifier.encoder_params is not vp.CONFIGS["videoprism_v1_base"]
    assert toy_texts.vocabulary_size == CARDS["toy"].config["vocabulary_size"] != 32_000
    assert vp.videoprism_lvt_v1_base().vocabulary_size == 32_000


def test_a_builder_refuses_an_unknown_tokenizer() -> None:
    with pytest.raises(TokenizerError, match="c4_de"):
        vp.videoprism_lvt_v1_base(text_tokenizer="c4_de")


def test_public_names_and_hub_ids_are_known() -> None:
    assert set(vp.CHECKPOINTS) == {card.name for card in CARDS.values() if card.hub_id}
    assert vp.CHECKPOINTS["videoprism_lvt_public_v1_base"] == (
        "google/videoprism-lvt-base-f16r288",
        "flax_lvt_base_f16r288_repeated.npz",
    )
    for name, (hub_id, _) in vp.CHECKPOINTS.items():
        assert vp.has_model(name)
        assert vp.has_model(hub_id)
        assert vp.get_model(hub_id) == vp.get_model(name)
    assert vp.TEXT_TOKENIZERS["c4_en"]["vocab_size"] == 32_000
    assert vp.TEXT_MAX_LEN == 64
    assert all(hasattr(vp, name) for name in vp.__all__)


def test_names_that_fail_are_answered_in_words() -> None:
    assert not vp.has_model("videoprism_public_v1_bas")
    assert not vp.has_model("google/nothing")
    with pytest.raises(UnknownModel, match="Did you mean videoprism_public_v1_base"):
        vp.get_model("videoprism_public_v1_bas")
    with pytest.raises(UnknownModel, match="'google/nothing'"):
        vp.load_pretrained_weights("google/nothing")
    with pytest.raises(UnknownModel, match=r"models\.videoprism_vc_v1_base\(num_classes\)"):
        vp.get_model("videoprism_vc_v1_base")
    with pytest.raises(UnknownModel, match="''"):
        vp.get_model(None)


def test_builders_of_one_s_own() -> None:
    models = {"small": small_model}
    assert vp.has_model("small", models)
    assert not vp.has_model("videoprism_public_v1_base", models)
    assert vp.get_model("small", models=models) == small_model()
    assert vp.get_model(None, model_fn=small_model) == small_model()


def test_the_type_of_activations_is_chosen_by_the_caller() -> None:
    assert vp.get_model("toy").fprop_dtype == jnp.float32
    model = vp.get_model("toy", fprop_dtype=jnp.bfloat16)
    assert (model.fprop_dtype, model.dtype) == (jnp.bfloat16, jnp.float32)


def test_weights_come_from_where_the_caller_says(small_weights: Path) -> None:
    by_path = vp.load_pretrained_weights(None, checkpoint_path=str(small_weights))
    by_name = vp.load_pretrained_weights("small", checkpoints={"small": str(small_weights)})
    places = {"small": small_weights.with_name("elsewhere.npz")}
    by_both = vp.load_pretrained_weights("small", small_weights, checkpoints=places)
    assert isinstance(by_path["params"]["text_encoder"]["cls_emb"], jax.Array)
    jax.tree.map(np.testing.assert_array_equal, by_path, by_name)
    jax.tree.map(np.testing.assert_array_equal, by_path, by_both)
    with pytest.raises(UnknownModel, match="'toy' is not among small"):
        vp.load_pretrained_weights("toy", checkpoints={"small": str(small_weights)})


def test_weights_of_another_model_are_refused(small_weights: Path) -> None:
    with pytest.raises(CheckpointError, match="is not a checkpoint of videoprism_public_v1_base"):
        vp.load_pretrained_weights("videoprism_public_v1_base", str(small_weights))


def test_weights_can_be_trained_on(small_weights: Path) -> None:
    """Adopted memory must not be written to, and updates must not reach the loaded arrays."""
    loaded = vp.load_pretrained_weights(None, small_weights)
    halved = jax.jit(lambda tree: jax.tree.map(lambda x: x / 2, tree))(loaded)
    again = vp.load_pretrained_weights(None, small_weights)
    jax.tree.map(np.testing.assert_array_equal, loaded, again)
    jax.tree.map(lambda a, b: np.testing.assert_array_equal(a, b * 2), loaded, halved)


def test_the_public_video_example() -> None:
    """Traced only: the shapes of a full-size run, without its work."""
    model_name = "videoprism_public_v1_base"
    flax_model = vp.get_model(model_name)
    video_inputs = jax.ShapeDtypeStruct((2, 16, 288, 288, 3), jnp.float32)
    loaded_state = jax.eval_shape(flax_model.init, jax.random.key(0), video_inputs)

    @jax.jit
    def forward_fn(state, inputs):
        return flax_model.apply(state, inputs, train=False)

    outputs, _ = jax.eval_shape(forward_fn, loaded_state, video_inputs)
    assert outputs.shape == (2, 16 * 16 * 16, 768)


@pytest.mark.parametrize("use_bfloat16", [False, True])
def test_the_public_video_text_example(small_weights: Path, use_bfloat16: bool) -> None:
    model_name = "small"
    fprop_dtype = jnp.bfloat16 if use_bfloat16 else None
    flax_model = vp.get_model(model_name, models={"small": small_model}, fprop_dtype=fprop_dtype)
    loaded_state = vp.load_pretrained_weights(model_name, checkpoints={"small": str(small_weights)})
    text_tokenizer = SentencePieceTokenizer(DATA / "tokenizer" / "test_spm.model")

    @jax.jit
    def forward_fn(inputs, text_token_ids, text_token_paddings, train=False):
        return flax_model.apply(
            loaded_state, inputs, text_token_ids, text_token_paddings, train=train
        )

    frames = jnp.asarray(np.random.default_rng(0).random((2, 4, 36, 36, 3), np.float32))
    text_queries = [f"a video of {name}." for name in ("playing drums", "sitting", "concert")]
    text_ids, text_paddings = vp.tokenize_texts(text_tokenizer, text_queries)
    if use_bfloat16:
        frames = frames.astype(jnp.bfloat16)
        text_paddings = text_paddings.astype(jnp.bfloat16)
    video_embeddings, text_embeddings, _ = forward_fn(frames, text_ids, text_paddings)

    assert video_embeddings.shape == (2, 64)
    assert text_embeddings.shape == (3, 64)
    emb = np.concatenate([video_embeddings, text_embeddings]).astype(np.float32)
    np.testing.assert_allclose(np.linalg.norm(emb, axis=-1), 1, atol=1e-2)
    assert np.ptp(emb @ emb.T) > 1e-3, "different inputs, different vectors"


def test_either_half_can_be_left_out(small_weights: Path) -> None:
    state = vp.load_pretrained_weights(None, small_weights)
    forward = jax.jit(small_model().apply)
    video, text, _ = forward(state, jnp.zeros((1, 4, 36, 36, 3)), None, None)
    assert video.shape == (1, 64)
    assert text is None
    video, text, _ = forward(state, None, jnp.ones((2, 5), jnp.int32), jnp.zeros((2, 5)))
    assert video is None
    assert text.shape == (2, 64)


def drumming(frames: int) -> np.ndarray:
    """The public example clip, sampled and resized as the public notebooks do."""
    with av.open(str(DATA / "water_bottle_drumming.mp4")) as container:
        decoded = [frame.to_image() for frame in container.decode(video=0)]
    picked = np.linspace(0, len(decoded), frames, endpoint=False, dtype=np.int32)
    resized = [decoded[i].resize((288, 288), Image.Resampling.LANCZOS) for i in picked]
    return np.stack([np.asarray(image) for image in resized])[None].astype(np.float32) / 255


def test_the_example_clip_is_read_as_the_notebooks_do() -> None:
    clip = drumming(16)
    assert clip.shape == (1, 16, 288, 288, 3)
    assert 0 <= clip.min() < 0.1 < 0.9 < clip.max() <= 1


PUBLISHED = {
    "videoprism_lvt_public_v1_base": [
        *(-0.01940615, -0.04830061, 0.0069022, 0.02915299, -0.05897291),
        *(0.02168823, -0.01471708, -0.00971614, -0.00220576),
    ],
    "videoprism_lvt_public_v1_large": [
        *(-0.00077759, 0.00582959, -0.00158949, 0.04192347, -0.01581791),
        *(0.02410023, -0.00364033, -0.02118852, 0.00181754),
    ],
    "videoprism_public_v1_base": [0.11648951, 0.4568253, 0.19288044],
    "videoprism_public_v1_large": [0.39503154, 0.07308281, 0.21407786],
}
"""First values that the public weights give for the example clip, by the conversion to PyTorch."""


@pytest.mark.hub
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", PUBLISHED)
def test_public_weights_give_the_published_values(name: str) -> None:
    card, expected = get_card(name), PUBLISHED[name]
    output, *_ = vp.get_model(name).apply(
        vp.load_pretrained_weights(name), drumming(card.frames), train=False
    )
    first = np.ravel(output)[: len(expected)]
    # Decoders and resizers differ by a grey level here and there.
    np.testing.assert_allclose(first, expected, atol=1e-3 if card.kind == "clip" else 2e-2)


@pytest.mark.hub
@pytest.mark.timeout(3600)
def test_public_weights_and_tokenizer_give_the_published_text_embedding() -> None:
    name = "videoprism_lvt_public_v1_base"
    tokens = vp.tokenize_texts(vp.load_text_tokenizer("c4_en"), ["a video of playing drums."])
    state = vp.load_pretrained_weights(name)
    _, text, _ = vp.get_model(name).apply(state, None, *tokens, train=False)
    np.testing.assert_allclose(text[0, :3], [-0.00802545, 0.00931361, 0.01555958], atol=1e-4)
