"""What of a configuration can matter: parameters without effect are no part of a run, and points fold into one."""

from collections.abc import Iterator

from tunebook.images import dividing
from tunebook.tasks.binary_segmentation.config import LEARNED, Config, Data, Loss

TRAINING = frozenset(
    {
        *("augmentation", "loss", "optimizer", "schedule", "batch_size", "budget", "precision"),
        *("model.width", "model.depth", "model.dropout", "model.prior"),
        *("data.tile", "data.overlap", "data.blend", "data.tiles_per_image", "data.foreground"),
    }
)
"""What matters to a model that is trained on tiles alone; no baseline is. How a scan is read matters to them too: by
their pictures, if by nothing else."""
BLIND = ("black", "white")
"""Families that look at no scan of the training split."""
MATTERS = {
    "bce-dice": frozenset({"bce_weight", "dice_smooth", "pos_weight", "per"}),
    "tversky": frozenset({"dice_smooth", "per", "tversky_alpha", "tversky_beta"}),
    "focal": frozenset({"focal_gamma", "focal_alpha"}),
}
"""Kind of loss -> its fields that matter under it."""


def is_learned(config: Config) -> bool:
    """Whether a model is trained on tiles; else it is a baseline."""
    return config.model.family in LEARNED


def without_effect(config: Config) -> frozenset[str]:
    """Parameters (dotted; a group by its path) and replicate factors that cannot matter here."""
    found = set(_of_subsets(config.data, sees_training=config.model.family not in BLIND))
    found |= set(dividing.without_effect(config.data))
    if config.threshold.choose == "f1":
        found.add("threshold.at_least")
    if is_learned(config):
        if config.batch_size == 1:
            found.add("loss.per")  # a batch is a tile
        return frozenset(found.union(f"loss.{name}" for name in _of_loss(config.loss)))
    return frozenset({*found, *TRAINING, "seed"})


def _of_subsets(data: Data, *, sees_training: bool) -> Iterator[str]:
    if not sees_training:
        yield "data.train_images"
    if data.val_images is None and (data.train_images is None or not sees_training):
        yield "data.subset_seed"


def _of_loss(loss: Loss) -> Iterator[str]:
    yield from sorted(set(Loss.model_fields) - {"kind"} - MATTERS[loss.kind])
    if loss.kind == "bce-dice" and loss.bce_weight == 1:
        yield from ("dice_smooth", "per")  # there is no Dice
    if loss.kind == "bce-dice" and loss.bce_weight == 0:
        yield "pos_weight"  # there is no cross-entropy
