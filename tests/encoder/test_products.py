"""The work of a segment, by which a share of the machine's rate is told, is counted right."""

import pytest

from benchmarks.products import Product, Rate, pieces, products
from benchmarks.work import work_of
from encoder.catalogue import CARDS, ModelCard, get_card

BASE = get_card("videoprism_lvt_public_v1_base")


def test_lvt_base_takes_1231_gflop() -> None:
    assert work_of(BASE).segment == pytest.approx(1231e9, rel=0.01)


@pytest.mark.parametrize(
    ("part", "tflop"),
    [
        ("spatial", 0.735),
        ("temporal", 0.233),
        ("auxiliary", 0.219),
        ("pooler", 0.039),
        ("patches", 0.006),
    ],
)
def test_each_part_takes_its_share(part: str, tflop: float) -> None:
    assert getattr(work_of(BASE), part) / 1e12 == pytest.approx(tflop, abs=6e-4)


@pytest.mark.parametrize("card", CARDS.values(), ids=lambda card: card.name)
def test_the_products_that_are_timed_are_the_work_that_is_counted(card: ModelCard) -> None:
    counted = work_of(card)
    for part, some in products(card).items():
        assert sum(each.flops for each in some) == getattr(counted, part)


def test_pieces_are_of_the_same_kind_none_huge_and_none_tiny() -> None:
    logits = Product(12, 4096, 64, 4096)
    halves = list(pieces(logits))
    assert [(each.batch, each.rows) for each in halves[:3]] == [(3, 4096), (3, 2048), (3, 1024)]
    assert {(each.inner, each.columns) for each in halves} == {(64, 4096)}
    assert [a.flops for a in halves[1:]] == [a.flops // 2 for a in halves[:-1]]
    assert 1 << 27 <= halves[-1].flops < 1 << 28
    assert halves[0].flops <= 1 << 33 < 2 * halves[0].flops


def test_a_rate_times_every_product_of_a_small_model() -> None:
    assert Rate(products(get_card("toy"))).seconds() > 0
