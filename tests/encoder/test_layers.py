"""The layers by themselves, against plain numpy or against what they promise."""

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest
from flax import traverse_util
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import numpy as jnp

from encoder import layers
from encoder.errors import InvalidInput

KEY = jax.random.key(7)


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def draw(layer: Any, *args: Any, **kwargs: Any) -> Any:
    """Draw parameters of the right shapes; biases and scales stay as if never trained."""
    tree = jax.eval_shape(functools.partial(layer.init, **kwargs), KEY, *args)
    flat = traverse_util.flatten_dict(tree, sep="/")
    for seed, (name, leaf) in enumerate(sorted(flat.items())):
        plain = name.endswith(("/b", "bias", "scale"))
        values = np.zeros(leaf.shape) if plain else 0.3 * noise(*leaf.shape, seed=seed)
        flat[name] = jnp.asarray(values, leaf.dtype)
    return traverse_util.unflatten_dict(flat, sep="/")


def run(layer: Any, *args: Any, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
    """Draw parameters and apply a layer; return its output and the parameters by flat name."""
    variables = draw(layer, *args, **kwargs)
    output = layer.apply(variables, *args, **kwargs, rngs={"dropout": KEY})
    return output, traverse_util.flatten_dict(variables.get("params", {}), sep="/")


def start(layer: Any, *args: Any) -> Any:
    """Draw a layer's parameters as for inference."""
    return draw(layer, *args, train=False)


def apply(layer: Any, variables: Any, *args: Any, train: bool = False, **kwargs: Any) -> Any:
    return layer.apply(variables, *args, train=train, **kwargs)


def shapes(params: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: value.shape for name, value in params.items()}


def test_identity_and_exact_gelu() -> None:
    x = jnp.linspace(-3.0, 3.0, 13)
    exact = [0.5 * v * (1.0 + math.erf(v / math.sqrt(2.0))) for v in np.asarray(x)]
    assert layers.identity(x) is x
    np.testing.assert_allclose(layers.gelu(x), exact, atol=1e-6)


def test_layer_norm_stores_its_scale_as_an_offset() -> None:
    x = noise(3, 5, 8)
    variables = {"params": {"scale": noise(8, seed=1), "bias": noise(8, seed=2)}}
    centred = x - x.mean(-1, keepdims=True)
    plain = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-6)
    scale, bias = variables["params"]["scale"], variables["params"]["bias"]

    offset = layers.LayerNorm().apply(variables, x)
    direct = layers.LayerNorm(direct_scale=True).apply(variables, x)

    np.testing.assert_allclose(offset, plain * (1 + scale) + bias, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(direct, plain * scale + bias, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(
        layers.layer_norm(jnp.asarray(x), 1 + scale, bias), offset, rtol=1e-6, atol=1e-6
    )


def test_layer_norm_can_do_without_scale_and_bias() -> None:
    output, params = run(layers.LayerNorm(use_scale=False, use_bias=False), noise(4, 6))
    assert params == {}
    np.testing.assert_allclose(np.square(output).mean(-1), 1.0, rtol=1e-4)


def test_statistics_in_float32_are_nearer_the_truth() -> None:
    x = jnp.asarray(noise(64, 256) + 30.0, jnp.bfloat16)
    exact = layers.layer_norm(x.astype(jnp.float32))

    def error(**options: Any) -> float:
        y, _ = run(layers.LayerNorm(fprop_dtype=jnp.bfloat16, **options), x)
        assert y.dtype == jnp.bfloat16
        return float(jnp.abs(y.astype(jnp.float32) - exact).mean())

    assert error(reductions_in_fp32=True) < 0.5 * error()


def test_l2_normalize_gives_unit_rows_and_survives_zero() -> None:
    x = jnp.asarray(noise(4, 16), jnp.bfloat16)
    unit = layers.l2_normalize(x)
    assert unit.dtype == jnp.bfloat16
    np.testing.assert_allclose(jnp.linalg.norm(unit.astype(jnp.float32), axis=-1), 1.0, rtol=5e-3)
    assert not jnp.isnan(layers.l2_normalize(jnp.zeros((1, 4)))).any()


def test_feed_forward_keeps_float32_parameters_and_works_in_its_own_type() -> None:
    layer = layers.FeedForward(output_dim=20, fprop_dtype=jnp.bfloat16)
    output, params = run(layer, noise(10, 3))
    assert shapes(params) == {"linear/kernel": (3, 20), "linear/bias": (20,)}
    assert {p.dtype for p in params.values()} == {jnp.dtype(jnp.float32)}
    assert output.dtype == jnp.bfloat16
    assert float(output.min()) == 0.0  # ReLU unless told otherwise


@pytest.mark.parametrize(
    ("policy", "norms"),
    [
        ("pre", {"layer_norm"}),
        ("primer_hybrid", {"pre_layer_norm", "post_layer_norm"}),
        ("post", {"layer_norm"}),
        ("post_skip", {"layer_norm"}),
    ],
)
def test_norm_policies_name_their_norms(policy: str, norms: set[str]) -> None:
    layer = layers.Transformer(hidden_dim=16, num_heads=2, norm_policy=policy)
    init = functools.partial(layer.init, train=False)
    variables = jax.eval_shape(init, KEY, noise(2, 4, 8), None, None)
    params = traverse_util.flatten_dict(variables["params"], sep="/")
    own = {name.split("/")[0] for name in params} - {"self_attention", "ff_layer"}
    inner = {name.split("/")[1] for name in params if name.startswith("ff_layer/")}
    assert own == norms
    assert inner == norms | {"ffn_layer1", "ffn_layer2"}


@pytest.mark.parametrize("policy", ["pre", "primer_hybrid", "post", "post_skip"])
def test_norm_policies_put_their_norms_in_place(policy: str) -> None:
    dense = layers.TransformerFeedForward(hidden_dim=16, norm_policy=policy)
    x = noise(2, 4, 8)
    output, params = run(dense, x, None, train=False)

    def branch(y: Any) -> Any:
        hidden = y @ params["ffn_layer1/linear/kernel"]
        return jax.nn.relu(hidden) @ params["ffn_layer2/linear/kernel"]

    norm = layers.layer_norm
    expected: Callable[[Any], Any] = {
        "pre": lambda y: y + branch(norm(y)),
        "primer_hybrid": lambda y: y + norm(branch(norm(y))),
        "post": lambda y: y + norm(branch(y)),
        "post_skip": lambda y: norm(y + branch(y)),
    }[policy]
    np.testing.assert_allclose(output, expected(jnp.asarray(x)), rtol=1e-5, atol=1e-5)


def test_an_unknown_norm_policy_is_refused() -> None:
    layer = layers.TransformerFeedForward(hidden_dim=16, norm_policy="sandwich")
    with pytest.raises(InvalidInput, match=r"sandwich.*primer_hybrid"):
        run(layer, noise(2, 4, 8), None, train=False)


def test_padded_positions_get_nothing_from_the_dense_half() -> None:
    x = noise(2, 4, 8)
    paddings = np.array([[0, 0, 1, 1]] * 2)
    layer = layers.TransformerFeedForward(hidden_dim=16)
    output, params = run(layer, x, paddings, train=False)
    assert shapes(params).keys() == {
        "layer_norm/scale",
        "layer_norm/bias",
        "ffn_layer1/linear/kernel",
        "ffn_layer1/linear/bias",
        "ffn_layer2/linear/kernel",
        "ffn_layer2/linear/bias",
    }
    np.testing.assert_array_equal(output[:, 2:], x[:, 2:])
    assert float(jnp.abs(output[:, :2] - x[:, :2]).min()) > 0


def test_a_residual_of_another_width_is_refused() -> None:
    layer = layers.TransformerFeedForward(hidden_dim=16, output_dim=9)
    with pytest.raises(InvalidInput, match="9 to 8"):
        run(layer, noise(2, 4, 8), None, train=False)
    wider = layers.TransformerFeedForward(hidden_dim=16, output_dim=9, add_skip_connection=False)
    output, _ = run(wider, noise(2, 4, 8), None, train=False)
    assert output.shape == (2, 4, 9)


def test_projections_to_heads_and_back() -> None:
    heads, params = run(layers.AttentionProjection(num_heads=2, dim_per_head=5), noise(3, 16))
    assert heads.shape == (3, 2, 5)
    assert shapes(params) == {"w": (16, 2, 5), "b": (2, 5)}
    np.testing.assert_allclose(
        heads[1, 0], noise(3, 16)[1] @ params["w"][:, 0], rtol=1e-4, atol=1e-5
    )

    back = layers.AttentionProjection(
        output_dim=16, num_heads=2, dim_per_head=5, is_output_projection=True
    )
    output, params = run(back, heads)
    assert output.shape == (3, 16)
    assert shapes(params) == {"w": (16, 2, 5), "b": (16,)}
    np.testing.assert_allclose(
        output[2, 3], jnp.sum(heads[2] * params["w"][3]), rtol=1e-4, atol=1e-5
    )
    with pytest.raises(InvalidInput, match="heads"):
        run(back, noise(3, 5, 2))


def test_an_untrained_per_dim_scale_is_one_over_the_root() -> None:
    x = noise(5, 16)
    output, params = run(layers.PerDimScale(), x)
    assert shapes(params) == {"per_dim_scale": (16,)}
    np.testing.assert_allclose(output, x / 4.0, rtol=1e-5)


@given(st.floats(-1e4, 1e4, width=32), st.floats(0.5, 100.0, width=32))
@settings(max_examples=50, deadline=None)
def test_capped_logits_keep_their_sign_and_their_bound(logit: float, cap: float) -> None:
    capped = float(layers.cap_logits(jnp.float32(logit), cap))
    assert abs(capped) <= cap * (1 + 1e-6)
    assert abs(capped) <= abs(logit) * (1 + 1e-5)
    assert capped * logit >= 0


def test_a_cap_of_zero_leaves_logits() -> None:
    x = jnp.asarray([-500.0, 3.0])
    assert layers.cap_logits(x, 0.0) is x
    assert layers.cap_logits(x.astype(jnp.bfloat16), 50.0).dtype == jnp.bfloat16


def test_masks_hide_padding_and_what_comes_later() -> None:
    paddings = jnp.asarray([[0.0, 0.0, 1.0]])
    plain = layers.forbidden(paddings)
    causal = layers.forbidden(paddings, causal=True)
    np.testing.assert_array_equal(plain[0, 0], [[0, 0, 1]])
    np.testing.assert_array_equal(causal[0, 0], [[0, 1, 1], [0, 0, 1], [1, 1, 1]])
    for kind in (jnp.int32, jnp.bool_, jnp.bfloat16):
        np.testing.assert_array_equal(layers.forbidden(paddings.astype(kind), True), causal)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16, jnp.float16])
def test_masks_hold_in_every_number_type(dtype: Any) -> None:
    x = jnp.asarray(noise(1, 3, 8), dtype)
    mask = layers.compute_attention_masks_for_fprop(x, jnp.asarray([[0, 0, 1]]))
    weights = layers.attention_weights(jnp.zeros((1, 2, 3, 3), dtype), mask)
    np.testing.assert_allclose(weights[..., 2], 0.0)
    np.testing.assert_allclose(weights[..., :2], 0.5)


def test_a_query_that_sees_nothing_attends_evenly() -> None:
    mask = layers.as_logit_mask(jnp.ones((1, 1, 1, 4), jnp.bool_))
    weights = layers.attention_weights(jnp.asarray(noise(1, 2, 3, 4)) * 10, mask)
    np.testing.assert_allclose(weights, 0.25)


def test_paddings_of_another_length_are_refused() -> None:
    with pytest.raises(InvalidInput, match="one value per position"):
        layers.compute_attention_masks_for_fprop(jnp.zeros((2, 3, 8)), jnp.zeros((2, 4)))


@pytest.mark.parametrize("query_scale", [True, False])
@pytest.mark.parametrize("per_dim_scale", [True, False])
def test_attention_scales_its_queries_as_told(query_scale: bool, per_dim_scale: bool) -> None:
    layer = layers.DotProductAttention(
        hidden_dim=32,
        num_heads=4,
        atten_logit_cap=20.0,
        internal_enable_query_scale=query_scale,
        internal_enable_per_dim_scale=per_dim_scale,
    )
    q, k, v = noise(3, 5, 16), noise(3, 8, 16, seed=1), noise(3, 8, 16, seed=2)
    (output, weights), params = run(layer, q, k, v, None, train=True)
    assert output.shape == (3, 5, 16)
    assert weights.shape == (3, 4, 5, 8)
    assert ("per_dim_scale/per_dim_scale" in params) == (query_scale and per_dim_scale)

    query = np.einsum("btd,dnh->btnh", q, params["query/w"])
    key = np.einsum("bsd,dnh->bsnh", k, params["key/w"])
    logits = np.einsum("btnh,bsnh->bnts", query / (np.sqrt(8) if query_scale else 1.0), key)
    np.testing.assert_allclose(
        weights, jax.nn.softmax(20 * np.tanh(logits / 20)), rtol=1e-4, atol=1e-5
    )
    value = np.einsum("bsd,dnh->bsnh", v, params["value/w"])
    attended = np.einsum("bnts,bsnh->btnh", weights, value)
    np.testing.assert_allclose(
        output, np.einsum("btnh,dnh->btd", attended, params["post/w"]), rtol=1e-4, atol=1e-5
    )


def test_further_ways_to_scale_attention() -> None:
    x = noise(1, 6, 16)

    def weights(**options: Any) -> Any:
        layer = layers.DotProductAttention(
            hidden_dim=32, num_heads=4, internal_enable_per_dim_scale=False, **options
        )
        (_, probs), params = run(layer, x, x, x, None, train=False)
        query = np.einsum("btd,dnh->btnh", x, params["query/w"])
        key = np.einsum("bsd,dnh->bsnh", x, params["key/w"])
        return probs, np.einsum("btnh,bsnh->bnts", query, key)

    probs, raw = weights(dim_per_head=2)
    np.testing.assert_allclose(probs, jax.nn.softmax(raw / np.sqrt(8)), rtol=1e-5)
    probs, raw = weights(dim_per_head=2, scale_query_by_dim_per_head=True)
    np.testing.assert_allclose(probs, jax.nn.softmax(raw / np.sqrt(2)), rtol=1e-5)
    probs, raw = weights(scale_logits_by_head_dims=True)
    np.testing.assert_allclose(probs, jax.nn.softmax(raw / 8), rtol=1e-5)


def test_attention_can_normalise_queries_and_keys() -> None:
    layer = layers.DotProductAttention(hidden_dim=16, num_heads=2, use_qk_norm=True)
    x = noise(2, 4, 8)
    (_, once), params = run(layer, x, x, x, None, train=False)
    (_, louder), _ = run(layer, 100 * x, 100 * x, x, None, train=False)
    assert {"layer_norm_q/scale", "layer_norm_k/scale"} <= params.keys()
    np.testing.assert_allclose(once, louder, rtol=1e-2)


def test_attention_refuses_what_does_not_fit() -> None:
    x = noise(2, 4, 8)
    layer = layers.DotProductAttention(hidden_dim=8, num_heads=2)
    with pytest.raises(InvalidInput, match="do not fit"):
        run(layer, x, x, x[:, :3], None, train=False)
    for bad in ((2, 1, 1, 5), (3, 1, 1, 4), (2, 1, 4), (2, 1, 3, 4)):
        with pytest.raises(InvalidInput, match="does not broadcast"):
            run(layer, x, x, x, jnp.zeros(bad), train=False)
    with pytest.raises(InvalidInput, match="8 does not divide into 3 heads"):
        run(layers.DotProductAttention(hidden_dim=8, num_heads=3), x, x, x, None, train=False)


def stack(**options: Any) -> layers.StackedTransformer:
    return layers.StackedTransformer(num_layers=2, hidden_dim=16, num_heads=2, **options)


@pytest.mark.parametrize("causal", [True, False])
def test_scanned_layers_equal_layers_apart(causal: bool) -> None:
    x, paddings = noise(2, 4, 8), np.array([[0] * 4, [0] * 2 + [1] * 2], np.float32)
    apart, params = run(stack(enable_causal_atten=causal), x, paddings, train=False)
    names = {name.split("/", 1)[1] for name in params}
    assert {name.split("/")[0] for name in params} == {"x_layers_0", "x_layers_1"}
    stacked = {
        f"x_layers/{name}": jnp.stack([params[f"x_layers_{i}/{name}"] for i in range(2)])
        for name in names
    }
    variables = {"params": traverse_util.unflatten_dict(stacked, sep="/")}
    for remat in (True, False):
        layer = stack(enable_causal_atten=causal, scan=True, remat=remat)
        init = functools.partial(layer.init, train=False)
        expected = jax.eval_shape(init, KEY, x, paddings)["params"]
        assert shapes(traverse_util.flatten_dict(expected, sep="/")) == shapes(stacked)
        together = apply(layer, variables, x, paddings, train=False)
        np.testing.assert_allclose(together, apart, rtol=1e-5, atol=1e-5)


def test_scanned_layers_start_apart() -> None:
    variables = stack(scan=True).init(KEY, noise(2, 4, 8), None, train=False)
    w = variables["params"]["x_layers"]["self_attention"]["query"]["w"]
    assert float(jnp.abs(w[0] - w[1]).max()) > 0


@pytest.mark.parametrize("remat", [True, False])
def test_layers_are_recomputed_in_the_backward_pass_if_told(remat: bool) -> None:
    x, layer = noise(2, 4, 8), stack(scan=True, remat=remat)
    variables = start(layer, x, None)
    gradient = jax.grad(lambda v: jnp.sum(layer.apply(v, x, None, train=True)))
    assert ("remat" in str(jax.make_jaxpr(gradient)(variables))) == remat


def test_no_paddings_are_the_same_as_none_padded() -> None:
    x = noise(2, 4, 8)
    for causal in (True, False):
        layer = stack(enable_causal_atten=causal)
        variables = start(layer, x, None)
        np.testing.assert_allclose(
            apply(layer, variables, x, None, train=False),
            apply(layer, variables, x, np.zeros((2, 4)), train=False),
            rtol=1e-6,
        )


def test_a_causal_stack_does_not_look_ahead() -> None:
    x, changed = noise(2, 4, 8), noise(2, 4, 8)
    changed[:, 2:] += 1.0
    layer = stack(enable_causal_atten=True)
    variables = start(layer, x, None)
    before = apply(layer, variables, x, None, train=False)
    after = apply(layer, variables, changed, None, train=False)
    np.testing.assert_array_equal(before[:, :2], after[:, :2])
    assert float(jnp.abs(before[:, 3] - after[:, 3]).max()) > 1e-3


def test_a_stack_takes_float32_in_a_bfloat16_network() -> None:
    layer = stack(scan=True, fprop_dtype=jnp.bfloat16)
    output, params = run(layer, noise(2, 4, 8), np.zeros((2, 4), np.float32), train=False)
    assert output.dtype == jnp.bfloat16
    assert {p.dtype for p in params.values()} == {jnp.dtype(jnp.float32)}


def test_dropout_only_acts_in_training() -> None:
    x = noise(2, 4, 8)
    layer = stack(scan=True, dropout_prob=0.5, input_dropout_prob=0.5)
    variables = start(layer, x, None)
    trained = jax.jit(
        lambda key: apply(layer, variables, x, None, train=True, rngs={"dropout": key})
    )
    assert float(jnp.abs(trained(jax.random.key(1)) - trained(jax.random.key(2))).max()) > 1e-3
    np.testing.assert_array_equal(
        apply(layer, variables, x, None), apply(stack(scan=True), variables, x, None)
    )


def test_a_dropout_rate_of_zero_is_not_overruled() -> None:
    x = noise(2, 4, 8)
    rates = dict.fromkeys(("atten_dropout_prob", "residual_dropout_prob", "relu_dropout_prob"), 0.0)
    layer = stack(dropout_prob=0.9, **rates)
    variables = start(layer, x, None)
    rngs = {"dropout": KEY}
    np.testing.assert_array_equal(
        apply(layer, variables, x, None, train=True, rngs=rngs),
        apply(layer, variables, x, None, train=False),
    )


@pytest.mark.parametrize("queries", [1, 4])
def test_the_pooler_gives_one_token_per_query(queries: int) -> None:
    pooler = layers.AttenTokenPoolingLayer(num_heads=4, num_queries=queries)
    output, params = run(pooler, noise(3, 8, 16), np.zeros((3, 8)), train=True)
    assert output.shape == (3, queries, 16)
    assert len(params) == 12
    assert params["pooling_attention/key/w"].shape == (16, 4, 16)  # 4 x the width in all


def test_the_pooler_leaves_padded_tokens_out() -> None:
    x, changed = noise(1, 6, 16), noise(1, 6, 16)
    changed[:, 4:] = 9.0
    paddings = np.array([[0, 0, 0, 0, 1, 1]])
    pooler = layers.AttenTokenPoolingLayer(
        num_heads=2, add_layer_norm=False, use_qk_norm=True, query_dim=10, dropout_prob=0.1
    )
    variables = start(pooler, x, None)
    padded = apply(pooler, variables, changed, paddings, train=False)
    np.testing.assert_allclose(
        padded, apply(pooler, variables, x[:, :4], None, train=False), atol=1e-6
    )
    assert padded.shape == (1, 1, 10)
    unpadded = apply(pooler, variables, changed, None, train=False)
    assert float(jnp.abs(padded - unpadded).max()) > 1e-4
