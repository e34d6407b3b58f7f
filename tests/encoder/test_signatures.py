"""Constructors take positional arguments in the public library's order, number types by keyword."""

import inspect
from typing import Any

import pytest
from jax import numpy as jnp

from encoder import encoders, layers

FIELDS = {
    layers.LayerNorm: "direct_scale epsilon use_scale use_bias reductions_in_fp32",
    layers.FeedForward: "output_dim has_bias activation_fn weight_init bias_init",
    layers.TransformerFeedForward: "output_dim hidden_dim has_bias activation_fn"
    " residual_dropout_prob relu_dropout_prob add_skip_connection residual_weight norm_policy",
    layers.AttentionProjection: "output_dim num_heads dim_per_head is_output_projection use_bias",
    layers.PerDimScale: "",
    layers.DotProductAttention: "hidden_dim num_heads dim_per_head atten_dropout_prob use_bias"
    " internal_enable_query_scale internal_enable_per_dim_scale scale_query_by_dim_per_head"
    " scale_logits_by_head_dims atten_logit_cap use_qk_norm",
    layers.Transformer: "hidden_dim num_heads dim_per_head atten_dropout_prob"
    " residual_dropout_prob relu_dropout_prob norm_policy use_bias activation_fn"
    " internal_enable_per_dim_scale atten_logit_cap",
    layers.StackedTransformer: "num_layers hidden_dim num_heads dim_per_head dropout_prob"
    " atten_dropout_prob residual_dropout_prob relu_dropout_prob input_dropout_prob norm_policy"
    " use_bias activation_fn internal_enable_per_dim_scale atten_logit_cap enable_causal_atten"
    " scan",
    layers.AttenTokenPoolingLayer: "query_dim hidden_dim num_heads num_queries add_layer_norm"
    " dropout_prob use_qk_norm use_bias internal_enable_per_dim_scale",
    encoders.Embedding: "num_classes input_dim lookup_style scale_sqrt_depth set_nan_for_oob_id",
    encoders.PositionalEmbedding: "embedding_dim min_timescale max_timescale",
    encoders.TrainablePositionalEmbedding: "embedding_dim max_seq_length lookup_style",
    encoders.VisionTransformer: "num_tfm_layers mlp_dim num_heads xformer_has_bias"
    " xformer_dropout_prob xformer_atten_dropout_prob xformer_residual_dropout_prob"
    " xformer_relu_dropout_prob atten_logit_cap norm_policy scan",
    encoders.FactorizedEncoder: "patch_size pos_emb_shape model_dim num_spatial_layers"
    " num_temporal_layers num_heads mlp_dim atten_logit_cap norm_policy scan",
    encoders.TextEncoder: "vocabulary_size num_class_tokens enable_causal_atten model_dim"
    " num_layers mlp_dim num_heads atten_logit_cap norm_policy enable_per_dim_scale scan",
    encoders.FactorizedVideoCLIP: "patch_size pos_emb_shape num_spatial_layers"
    " num_temporal_layers mlp_dim num_auxiliary_layers vocabulary_size enable_causal_atten"
    " num_unimodal_layers norm_policy model_dim num_heads atten_logit_cap scan",
    encoders.FactorizedVideoClassifier: "encoder_params num_classes",
}


@pytest.mark.parametrize("layer", FIELDS, ids=lambda layer: layer.__name__)
def test_fields_come_in_the_public_order(layer: Any) -> None:
    fields = FIELDS[layer].split()
    parameters = inspect.signature(layer).parameters
    assert list(parameters)[: len(fields)] == fields
    for name in ("dtype", "fprop_dtype"):
        assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY


def test_positional_arguments_reach_their_fields() -> None:
    table = encoders.Embedding(1000, 64, fprop_dtype=jnp.bfloat16)
    assert (table.num_classes, table.input_dim) == (1000, 64)
    assert (table.dtype, table.fprop_dtype) == (jnp.float32, jnp.bfloat16)
