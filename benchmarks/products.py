"""The matrix products of one segment, and how fast this machine does them alone.

Knows shapes from a model's card, and times products as plain programs. Knows no layers, weights
or Embedder; how much arithmetic that is, work.py counts by formula.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import jax
import numpy as np

from encoder.catalogue import ModelCard

POOLER_WIDTH = 4
"""Times the model's width: that of the pooler's keys and values."""
SMALLEST = 1 << 27
"""FLOPs below which a call by itself costs too much to tell how fast the product is."""
LARGEST = 1 << 33
"""FLOPs above which a result no longer fits any cache, and memory is what would be timed."""
ROUNDS = 5


@dataclass(frozen=True)
class Product:
    """`count` times [batch, rows, inner] by [batch, inner, columns], float32.

    A batch of 1 is a product with weights.
    """

    batch: int
    rows: int
    inner: int
    columns: int
    count: int = 1

    @property
    def flops(self) -> int:
        """Multiplications and additions of all of them."""
        return 2 * self.count * self.batch * self.rows * self.inner * self.columns


def products(card: ModelCard) -> dict[str, list[Product]]:
    """Return the products of one segment by part of the network, as the plain modules do them.

    Text is left out, and so is what is no product: norms, tanh, exp, erf.
    """
    config, width = card.config, card.dim
    places = (card.pixels // config["patch_size"]) ** 2
    tokens = card.frames * places

    def stack(layers: int, sequences: int, length: int) -> list[Product]:
        heads, middle = config["num_heads"], config["mlp_dim"]
        batch, head = sequences * heads, width // heads
        return [
            Product(1, tokens, width, width, 4 * layers),
            Product(batch, length, head, length, layers),
            Product(batch, length, length, head, layers),
            Product(1, tokens, width, middle, layers),
            Product(1, tokens, middle, width, layers),
        ]

    pooler = Product(1, tokens, width, POOLER_WIDTH * width, 2)
    return {
        "patches": [Product(1, tokens, 3 * config["patch_size"] ** 2, width)],
        "spatial": stack(config["num_spatial_layers"], card.frames, places),
        "temporal": stack(config["num_temporal_layers"], places, card.frames),
        "auxiliary": stack(config.get("num_auxiliary_layers", 0), 1, tokens),
        "pooler": [pooler] if card.kind == "clip" else [],
    }


class Rate:
    """How long this machine takes for products alone, each in pieces of its best size.

    A product as large as a whole segment's writes its result to memory, up to 805 MB, and runs
    as fast as memory does; the same one in pieces is up to four times as fast. What counts as
    the machine's rate is the fastest piece, chosen once for each product.
    """

    def __init__(self, parts: dict[str, list[Product]]) -> None:
        """Find the best piece of every product."""
        counted: Counter[Product] = Counter()
        for product in (each for some in parts.values() for each in some if each.count):
            counted[replace(product, count=1)] += product.count
        self._pieces = [(_fastest(one), one.flops * count) for one, count in counted.items()]

    def seconds(self) -> float:
        """Time all pieces once more; return what the products of a segment take."""
        return sum(_seconds(run) * flops / piece for (run, piece), flops in self._pieces)


Call = Callable[[], Any]


def _fastest(product: Product) -> tuple[Call, int]:
    """Return a call of the product's fastest piece, and the FLOPs of that piece."""
    calls = [(_call(piece), piece.flops) for piece in pieces(product)]
    return min(calls, key=lambda call: _seconds(call[0]) / call[1])


def pieces(product: Product) -> Iterator[Product]:
    """Yield halves of a product, and halves of those: what is neither too large nor too short."""
    if product.flops <= LARGEST:
        yield product
    halves = replace(product, batch=product.batch // 2)
    if product.batch % 2:
        halves = replace(product, rows=product.rows // 2)
    if halves.flops >= SMALLEST:
        yield from pieces(halves)


def _call(product: Product) -> Call:
    rng = np.random.default_rng(0)
    shape = (product.batch, product.rows, product.inner)
    left = rng.standard_normal(shape, np.float32)
    right = rng.standard_normal((product.batch, product.inner, product.columns), np.float32)
    if product.batch == 1:
        left, right = left[0], right[0]
    given = jax.device_put((left, right))
    multiply = jax.jit(lambda a, b: a @ b)
    return lambda: multiply(*given).block_until_ready()


def _seconds(call: Call) -> float:
    call()
    taken = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return median(taken)
