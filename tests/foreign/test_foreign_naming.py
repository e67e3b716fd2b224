"""Names of columns: metric, split, direction, and who wrote them."""

import pytest

from tunebook.foreign.naming import Score, as_score, names_a_score, stripped


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("val_f1", Score("f1", "val", "maximize", True)),
        ("test/acc", Score("acc", "test", "maximize", True)),
        ("f1 (val)", Score("f1", "val", "maximize", True)),
        ("valLoss", Score("Loss", "val", "minimize", False)),
        ("eval.bce_loss", Score("bce_loss", "eval", "minimize", False)),
        ("best_val_mean_iou", Score("best_mean_iou", "val", "maximize", True)),
        ("OOD F1", Score("F1", "ood", "maximize", True)),
        ("psnr", Score("psnr", "", "maximize", False)),
        ("test", Score("score", "test", None, False)),
    ],
)
def test_a_name_tells_metric_split_and_direction(name: str, found: Score):
    """The split is taken out of the name; errors and losses are better when low."""
    assert as_score(name) == found


@pytest.mark.parametrize("name", ["f1", "val_f1", "f1_macro", "map50", "acc_top1", "rmse", "val", "val_x", "score"])
def test_a_metric_is_known_by_the_end_of_its_name(name: str):
    """Qualifiers around it do not matter."""
    assert names_a_score(name)


@pytest.mark.parametrize(
    "name",
    [
        "bce_weight",
        "dice_smooth",
        "label_smoothing",
        "val_size",
        "test_images",
        "lr",
        "hidden",
        "best",
        "n_train_steps",
    ],
)
def test_a_setting_is_no_metric(name: str):
    """Neither the weight of a loss nor the size of a split is a score."""
    assert not names_a_score(name)


@pytest.mark.parametrize(
    ("column", "found"),
    [
        ("params.lr", ("parameter", "lr")), ("config/lr", ("parameter", "lr")), ("param_C", ("parameter", "C")),
        ("metrics.val_f1", ("metric", "val_f1")), ("user_attrs_seed", ("attribute", "seed")),
        ("tags.mlflow.user", ("nothing", "mlflow.user")), ("params", ("", "params")), ("lr", ("", "lr")),
    ],
)  # fmt: skip
def test_programs_mark_their_columns(column: str, found: tuple[str, str]):
    """MLflow, Optuna, W&B and Ray write in front of a name what it is."""
    assert stripped(column) == found
