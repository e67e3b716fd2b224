"""The ways to train the runs of the sweep: each gets a list of runs on the same rows and returns what scores them.

Nothing heavy is imported before a way is used, so that each process holds what its own way needs.
"""

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sweep_peak import Clock, peak_mb
from sweep_trials import Array, Plan, Rows, Trial

THREADS = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
Scorer = Callable[[Array], Array]
"""Embeddings -> one score a row."""


@dataclass(frozen=True)
class Way:
    """How a list of runs is trained.

    Args:
        fit: (runs of one quality, their rows, plan) -> what scores, in their order.
        needs: The package that it is.
        slow: Whether it is measured on a few runs of each family.
        dropout: Whether it can drop units.
        cohorts: Whether runs are trained together.
    """

    title: str
    fit: Callable[[Sequence[Trial], Rows, Plan], list[Scorer]]
    needs: str
    slow: bool = False
    dropout: bool = True
    cohorts: bool = False

    @property
    def installed(self) -> bool:
        return find_spec(self.needs) is not None

    def can(self, trial: Trial) -> bool:
        return self.dropout or not (trial.dropout or trial.input_dropout)


@dataclass(frozen=True)
class Measured:
    """What one list of runs took.

    Args:
        steps: Of all its runs together.
        aps: Run -> average precision on the validation rows.
        peak: Most memory of the process so far, in MB.
    """

    way: str
    family: str
    round: int
    runs: int
    steps: int
    wall: float
    cpu: float
    peak: float
    aps: Mapping[Trial, float]


def measure(way: str, trials: Sequence[Trial], plan: Plan, *, family: str = "", round: int = 0) -> Measured:
    """Train runs of one quality; reading the rows and scoring are not timed."""
    from sweep_loops import average_precision  # noqa: PLC0415  torch

    rows = _rows(plan.folder, trials[0].quality)
    start = Clock.read()
    scorers = WAYS[way].fit(trials, rows, plan)
    taken = Clock.read().since(start)
    aps = {
        trial: average_precision(score(rows.val_x), rows.val_y) for trial, score in zip(trials, scorers, strict=True)
    }
    return Measured(way, family, round, len(trials), plan.steps(trials), taken.wall, taken.cpu, peak_mb(), aps)


@cache
def _rows(folder: Path, quality: str) -> Rows:
    return Rows.load(folder, quality)


# Ways -------------------------------------------------------------------------------------------------


def loops(trials: Sequence[Trial], rows: Rows, plan: Plan, *, kind: str) -> list[Scorer]:
    """One run after the other by PyTorch."""
    import sweep_loops  # noqa: PLC0415  torch
    import torch  # noqa: PLC0415  see above

    torch.set_num_threads(1)
    loop = {"usual": sweep_loops.usual, "tuned": sweep_loops.tuned}[kind]
    return [sweep_loops.scorer(loop(sweep_loops.Job(**job(trial, plan)), rows.x, rows.y)) for trial in trials]


def job(trial: Trial, plan: Plan) -> dict[str, Any]:
    """The fields of `sweep_loops.Job`."""
    values = {name: value for name, value in vars(trial).items() if name != "quality"}
    return {**values, "epochs": plan.epochs, "batch": plan.batch}


def tunebook(trials: Sequence[Trial], rows: Rows, plan: Plan, *, arithmetic: str) -> list[Scorer]:
    """One cohort of runs that share rows."""
    from tunebook.tasks.embedding_classification.cohorts import Ended, Member, train  # noqa: PLC0415  torch
    from tunebook.tasks.embedding_classification.config import Config  # noqa: PLC0415  pydantic
    from tunebook.tasks.embedding_classification.heads import logits  # noqa: PLC0415  torch
    from tunebook.tasks.embedding_classification.rows import TrainingSet  # noqa: PLC0415  with the others
    from tunebook.train.seeding import deterministic  # noqa: PLC0415  torch

    deterministic(threads=1, device="cpu")  # as the task's worker does
    training = TrainingSet(rows.x, rows.y)
    members = [
        Member(str(at), Config.model_validate(configuration(trial, plan, arithmetic)), trial.seed, training, None)
        for at, trial in enumerate(trials)
    ]
    heads = {each.name: each.head for each in train(members, kind="binary", device="cpu") if isinstance(each, Ended)}
    ordered = [heads[member.name].tensors for member in members]
    return [_last(partial(logits, tensors, device="cpu")) for tensors in ordered]


def configuration(trial: Trial, plan: Plan, arithmetic: str) -> dict[str, object]:
    """A run in the task's words: what the loops do, and no more."""
    return {
        "data": {"table": "rows.npz"},
        "head": {
            "hidden_units": trial.hidden,
            "dropout": trial.dropout,
            "input_dropout": trial.input_dropout,
            "standardise": False,  # the rows are, for all ways
        },
        "optimizer": {"name": "adam", "lr": trial.lr},
        "schedule": {"name": "constant", "warmup": 0.0},
        "batch_size": plan.batch,
        "budget": {"epochs": plan.epochs},
        "early_stopping": {"patience": None},
        "keep_weights": "last",
        "arithmetic": arithmetic,
    }


def scikit_learn(trials: Sequence[Trial], rows: Rows, plan: Plan) -> list[Scorer]:
    """MLPClassifier; it knows no dropout."""
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415  not everybody's
    from sklearn.neural_network import MLPClassifier  # noqa: PLC0415  likewise

    fitted = []
    for trial in trials:
        model = MLPClassifier(
            (trial.hidden,) if trial.hidden else (),
            alpha=0.0,
            batch_size=plan.batch,
            learning_rate_init=trial.lr,
            max_iter=plan.epochs,
            n_iter_no_change=plan.epochs + 1,
            random_state=trial.seed,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # it ends after its epochs, as it should
            fitted.append(model.fit(rows.x, rows.y[:, 0]))
    return [_last(model.predict_proba) for model in fitted]


def keras(trials: Sequence[Trial], rows: Rows, plan: Plan) -> list[Scorer]:
    """`fit` of a sequential model, compiled anew for each run."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras  # noqa: PLC0415  not everybody's

    one_thread(keras.backend.backend())
    fitted = []
    for trial in trials:
        keras.utils.set_random_seed(trial.seed)
        layers = [keras.layers.Dropout(trial.dropout)] if trial.input_dropout else []
        if trial.hidden:
            layers.append(keras.layers.Dense(trial.hidden, "relu", kernel_initializer="he_normal"))
            layers.append(keras.layers.Dropout(trial.dropout))
        model = keras.Sequential([keras.Input((rows.x.shape[1],)), *layers, keras.layers.Dense(1)])
        model.compile(keras.optimizers.Adam(trial.lr), keras.losses.BinaryCrossentropy(from_logits=True))
        model.fit(rows.x, rows.y, batch_size=plan.batch, epochs=plan.epochs, verbose=0)
        fitted.append(model)
    return [_last(partial(model.predict, verbose=0)) for model in fitted]


def _last(score: Callable[[Array], Array]) -> Scorer:
    """The last column: of the positive class, or the only one."""
    return lambda x: score(x)[:, -1]


def one_thread(backend: str) -> None:
    """Keep what is below Keras to one thread."""
    if backend == "tensorflow":
        import tensorflow  # noqa: PLC0415  only with this backend

        if not tensorflow.config.threading.get_intra_op_parallelism_threads():
            tensorflow.config.threading.set_intra_op_parallelism_threads(1)
            tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    elif backend == "torch":
        import torch  # noqa: PLC0415  only with this backend

        torch.set_num_threads(1)


USUAL, TUNED, EXACT, FAST = "usual", "tuned", "tunebook exact", "tunebook fast"
WAYS = {
    USUAL: Way("usual PyTorch loop", partial(loops, kind="usual"), "torch"),
    TUNED: Way("tuned PyTorch loop", partial(loops, kind="tuned"), "torch"),
    EXACT: Way("**Tunebook, exact**", partial(tunebook, arithmetic="exact"), "tunebook", cohorts=True),
    FAST: Way("**Tunebook, fast**", partial(tunebook, arithmetic="fast"), "tunebook", cohorts=True),
    "scikit-learn": Way("scikit-learn MLPClassifier", scikit_learn, "sklearn", slow=True, dropout=False),
    "keras": Way("Keras fit", keras, "keras", slow=True),
}
