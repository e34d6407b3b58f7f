"""How much arithmetic one segment takes, counted by hand from a model's sizes.

Multiplications and additions of the plain networks' matrix products, two a pair; norms and
softmax are left out. What a faster path spares it is not credited with less.
"""

from dataclasses import dataclass

from encoder.catalogue import ModelCard

POOLED_WIDTH = 4
"""The pooler's keys and values are so many times as wide as the tokens."""


@dataclass(frozen=True)
class Work:
    """Floating-point operations of one segment, by stage."""

    patches: int
    spatial: int
    temporal: int
    auxiliary: int
    pooler: int

    @property
    def frames(self) -> int:
        """What frames take by themselves, whichever windows they are in."""
        return self.patches + self.spatial

    @property
    def window(self) -> int:
        """What comes on top for each window."""
        return self.temporal + self.auxiliary + self.pooler

    @property
    def segment(self) -> int:
        """What a window takes that shares no frame."""
        return self.frames + self.window


def work_of(card: ModelCard) -> Work:
    """Count a clip model's or a plain encoder's work."""
    config, width = card.config, card.config["model_dim"]
    patch = config["patch_size"]
    places = (card.pixels // patch) ** 2
    tokens = card.frames * places

    def stack(layers: int, seen: int) -> int:
        """Layers in which each token attends to so many."""
        dense = 2 * width * (4 * width + 2 * config["mlp_dim"])
        return int(layers * tokens * (dense + 4 * seen * width))

    clip = card.kind == "clip"
    return Work(
        patches=2 * tokens * 3 * patch**2 * width,
        spatial=stack(config["num_spatial_layers"], places),
        temporal=stack(config["num_temporal_layers"], card.frames),
        auxiliary=stack(config.get("num_auxiliary_layers", 0), tokens),
        pooler=2 * tokens * width * 2 * POOLED_WIDTH * width * clip,
    )
