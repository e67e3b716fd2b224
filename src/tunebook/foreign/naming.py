"""What the name of a column tells: the part that wrote it, the metric and its direction, the split."""

import re
from dataclasses import dataclass

from tunebook.foreign.frames import Direction

PREFIXES = {
    "parameter": ("params.", "params_", "params/", "param_", "config.", "config/", "hparams.", "hparams/", "hp."),
    "metric": ("metrics.", "metrics/", "summary.", "summary/"),
    "attribute": ("user_attrs_",),
    "nothing": ("tags.", "system_attrs_"),
}
"""How MLflow, Optuna, W&B and Ray mark what a column is."""
VALIDATION = ("val", "valid", "validation", "dev", "eval", "evaluation", "cv")
TRAINING = ("train", "training")
REPORTED = ("test", "testing", "holdout", "ood")
SPLITS = (*VALIDATION, *TRAINING, *REPORTED)
SEEDS = ("seed", "random_seed", "random_state", "rng_seed", "fold", "cv_fold", "replicate", "rep", "repetition")
COUNTERS = ("run", "trial", "repeat", "attempt")
"""Replicates where the numbers come back from configuration to configuration; else the name of a line."""
OBJECTIVES = ("value", "objective", "result", "fitness", "performance")
STATES = ("state", "status")
STUDIES = ("study", "study_name", "stage", "sweep", "experiment", "experiment_name", "group")
CASES = ("dataset", "data_set", "data", "data.root", "benchmark", "corpus")
DEVICES = {
    "device": "device", "device_name": "device name", "gpu": "device name", "gpu_name": "device name",
    "gpu_type": "device name", "dtype": "dtype", "torch": "torch", "torch_version": "torch", "pytorch": "torch",
}  # fmt: skip
"""Column -> what it is called in a run's provenance."""
SCORED = ("n", "items", "n_items", "scored", "n_scored", "files", "n_files")
EXPECTED = ("expected", "n_expected", "items_expected", "total", "n_total")
BOOKKEEPING = frozenset({
    "id", "run", "run_id", "run_name", "name", "uuid", "number", "trial", "trial_id", "experiment_id", "experiment",
    "notes", "tags", "user", "created", "updated", "runtime", "duration", "start_time", "end_time", "datetime_start",
    "datetime_complete", "date", "time", "timestamp", "host", "hostname", "sweep", "group", "job_type",
    "artifact_uri", "artifact_location", "lifecycle_stage", "source_name", "source_type", "source_version",
    "version", "commit", "git_commit", "index", "step", "epoch", "done", "training_iteration", "time_total_s",
    "log_dir", "pid", "node_ip", "path", "file", "comment", "study", "study_name", "stage", "experiment_name",
    "cost", "seconds", "cpu_seconds", "peak_memory_gb", "trainable_parameters",
})  # fmt: skip
"""Names of columns that say who ran it, when and where."""

LOWER = r"\w*loss|loss|error|err|mse|rmse|mae|mape|nll|perplexity|ppl|wer|cer|fid|brier|ece|regret|bpc|\w+_distance"
SHARE = (
    r"acc|accuracy|m?iou|dice|f\d|fbeta|auc|auroc|auprc|roc|m?ap\d*|precision|recall|sensitivity|specificity|ppv|npv|"
    r"tpr|tnr|jaccard|m?sa\d*|pq|top\d"
)
HIGHER = rf"{SHARE}|score|mcc|kappa|r2|bleu|rouge\w*|psnr|ssim|reward|return|likelihood|ndcg|mrr|hits|cider|meteor"
QUALIFIERS = frozenset({
    "best", "final", "last", "max", "min", "mean", "avg", "average", "median", "macro", "micro", "weighted", "score",
    "at", "k", "top", "binary", "multiclass", "pixel", "object", "image", "instance",
})  # fmt: skip
"""Words around the name of a metric that do not make it another."""
NO_METRIC = frozenset({
    "size", "images", "fraction", "ratio", "split", "steps", "step", "batch", "interval", "freq", "frequency",
    "time", "runtime", "seconds", "second", "every", "epochs", "epoch", "workers", "samples", "count", "number",
    "weight", "smooth", "smoothing", "scale", "lr", "rate", "threshold",
})  # fmt: skip
"""What `val_…` or `test_…` ends in where it is a setting of the program, and no score."""


@dataclass(frozen=True)
class Score:
    """A column of scores.

    Args:
        metric: Its name without the split. `split`: empty where the column names none.
        direction: None where the name does not tell.
        share: Whether it is a share, from 0 to 1.
    """

    metric: str
    split: str
    direction: Direction | None
    share: bool


def stripped(column: str) -> tuple[str, str]:
    """What a prefix says the column is (`parameter`, `metric`, `attribute`, `nothing` or empty), and the rest."""
    for kind, prefixes in PREFIXES.items():
        for prefix in prefixes:
            if column.lower().startswith(prefix) and len(column) > len(prefix):
                return kind, column[len(prefix) :]
    return "", column


def plain(name: str) -> str:
    """A name for comparison: `Start Time` and `start-time` are `start_time`."""
    return re.sub(r"[\s\-]+", "_", name.strip().lower())


def as_score(name: str) -> Score:
    """A name read as that of a metric: `val_f1`, `test/acc`, `f1 (val)`, `valLoss`."""
    words = _words(name)
    split = next((word.lower() for word in words if word.lower() in SPLITS), "")
    rest = [word for word in words if word.lower() != split]
    heads = [word.lower() for word in rest if word.lower() not in QUALIFIERS and not word.isdigit()]
    heads = heads or [word.lower() for word in rest if word.lower() == "score"]
    metric = "_".join(rest) or "score"
    if any(re.fullmatch(LOWER, head) for head in heads):
        return Score(metric, split, "minimize", False)
    known = any(re.fullmatch(HIGHER, head) for head in heads)
    return Score(metric, split, "maximize" if known else None, any(re.fullmatch(SHARE, head) for head in heads))


def names_a_score(name: str) -> bool:
    """Whether a name is that of a metric.

    It ends in one (`mean_iou`, not `bce_weight`), or names a split beside a word that is no setting (`val_x`, not
    `val_size`), or is a split alone (`test`).
    """
    words = [word.lower() for word in _words(name)]
    rest = [word for word in words if word not in SPLITS]
    heads = [word for word in rest if word not in QUALIFIERS and not word.isdigit()]
    if rest and rest[-1] in NO_METRIC:
        return False
    if any(word in SPLITS for word in words):
        return True
    last = heads[-1] if heads else "score" if "score" in rest else ""
    return bool(re.fullmatch(f"{LOWER}|{HIGHER}", last))


def _words(name: str) -> list[str]:
    """`f1 (val)` -> f1, val; `valLoss` -> val, Loss."""
    spaced = re.sub(r"^(val|valid|test|train|dev|eval)(?=[A-Z])", r"\1 ", name)
    return [word for word in re.split(r"[^A-Za-z0-9@]+", spaced) if word]
