"""Train many heads in one program.

Members that see the same batches (their training set, seed, batch size and the rest of `members.Batched`) are stacked:
they take their steps together (`stacks`), each with its own head, loss, learning rate, dropout and early stopping.
Linear heads are small beside what a step costs otherwise: those of other seeds and training sets join them, if they
have as many rows. Stacks are trained one after the other, so a cohort may hold any members.

In exact arithmetic a member ends in the same bits as alone, whatever the others are. In fast arithmetic products of a
stack are joined and may round otherwise.
"""

import contextlib
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from tunebook.tasks.embedding_classification import heads, losses, optimizers, scores
from tunebook.tasks.embedding_classification.batches import Batches, Input, Mask, Table, filled
from tunebook.tasks.embedding_classification.heads import Head, Shape
from tunebook.tasks.embedding_classification.layouts import Panels
from tunebook.tasks.embedding_classification.members import Member, Tables, check, source, stacked
from tunebook.tasks.embedding_classification.products import ROWS, Products, alike
from tunebook.tasks.embedding_classification.rows import Kind
from tunebook.tasks.embedding_classification.stacks import EVALUATED, Plan, Stack, Trainee
from tunebook.tasks.embedding_classification.stopping import Watch

JOINED_UNITS = 768
"""Hidden units whose layers fast arithmetic multiplies as one matrix, at most: pays at 128 a run, not at 512."""


@dataclass(frozen=True)
class Point:
    """One epoch of one member.

    Args:
        epoch: From 1.
        values: `loss`, the mean over the rows it was trained on; with a validation set `val_loss`, and `val_ap` or
            `val_auroc` where early stopping looks at it. One that is not finite: the member has diverged and is
            trained no further.
    """

    name: str
    epoch: int
    values: Mapping[str, float]


@dataclass(frozen=True)
class Ended:
    """A member that has been trained.

    Args:
        kept_epoch: The epoch, from 1, that the weights are of.
    """

    name: str
    head: Head
    trained_epochs: int
    kept_epoch: int


def train(members: Sequence[Member], *, kind: Kind, device: str = "cpu") -> Iterator[Point | Ended]:
    """Train every member; points of an epoch come in no particular order, `Ended` after a member's last point.

    On the CPU torch is held to one thread while an epoch is trained, not between them.

    Raises:
        InputError: when a loss cannot be had for this kind of data.
        DataError: when a set has no rows, or early stopping looks at a ranking that the validation set cannot give.
    """
    for member in members:
        check(member)
        _trainee(member, 0, kind)
    tables = Tables(device)
    for together in stacked(members):
        with _undisturbed():
            cohort = Cohort(together, kind=kind, tables=tables)
        epoch = 0
        while cohort.left:
            epoch += 1
            with _undisturbed():
                found = cohort.epoch(epoch)
            yield from found


@dataclass
class _Run:
    """A member on its way."""

    member: Member
    watch: Watch = field(default_factory=Watch)

    @property
    def chooses(self) -> bool:
        """Whether it keeps the weights of its best epoch, not of its last."""
        return self.member.validation is not None and self.member.config.keep_weights == "best"


@dataclass(frozen=True)
class _Source:
    """What members of one training set, validation set and seed see."""

    batches: Batches
    training: Table
    validation: Table | None
    scale: Mapping[str, Tensor]

    @classmethod
    def of(cls, member: Member, trainees: Sequence[Trainee], tables: Tables) -> "_Source":
        training, config = tables.training(member), member.config
        batches = Batches(
            training,
            seed=member.seed,
            batch_size=config.batch_size,
            mixup=config.mixup,
            input_rates=frozenset(one.seen.rate for one in trainees),
            width=trainees[0].shape.width,
            masks=frozenset(Mask(one.rate, filled(one.shape.hidden)) for one in trainees if one.rate),
        )
        return cls(batches, training, tables.validation(member), tables.scale(member))


class Cohort:
    """Members that are stacked, from their first epoch to the last."""

    def __init__(self, members: Sequence[Member], *, kind: Kind, tables: Tables) -> None:
        self._kind = kind
        self._config = members[0].config
        self._exact = self._config.arithmetic == "exact"
        self._products = Products(halved=self._config.precision == "bf16")
        by_source: dict[tuple[int, int, int], list[Member]] = {}
        for member in members:
            by_source.setdefault(source(member), []).append(member)
        drawn = [
            (_trainee(member, at, kind), member) for at, alike in enumerate(by_source.values()) for member in alike
        ]
        drawn.sort(key=lambda pair: pair[0].order)
        self._runs = [_Run(member) for _, member in drawn]
        trainees = [trainee for trainee, _ in drawn]
        self._sources = [
            _Source.of(alike[0], [one for one in trainees if one.seen.source == at], tables)
            for at, alike in enumerate(by_source.values())
        ]
        self._stack = Stack(trainees, self._plan(trainees), [one.batches for one in self._sources], step=0)
        for place, (trainee, member) in enumerate(drawn):
            for name, value in heads.initial(trainee.shape, seed=member.seed).items():
                self._stack.tensors(place)[name].copy_(torch.from_numpy(value))

    def epoch(self, number: int) -> list[Point | Ended]:
        """Train one more epoch (from 1); who has ended or diverged leaves."""
        drawn = self._stack.drawn
        for batches in zip(*(each.epoch(number - 1) for each in drawn.values()), strict=True):
            self._stack.step(dict(zip(drawn, batches, strict=True)))
        points = self._points(number)
        self._watch(points)
        ended = [self._ended(place, point) for place, point in enumerate(points)]
        stay = [place for place, point in enumerate(points) if ended[place] is None and _finite(point)]
        if stay and len(stay) < len(points):
            left = [self._stack.runs[place] for place in stay]
            self._stack = self._stack.without(stay, self._panels(left))
        self._runs = [self._runs[place] for place in stay]
        return [*points, *(one for one in ended if one is not None)]

    @property
    def left(self) -> bool:
        """Whether there is anything to train."""
        return bool(self._runs)

    def _plan(self, trainees: Sequence[Trainee]) -> Plan:
        return Plan(
            products=self._products,
            panels=self._panels(trainees),
            joined=0 if self._exact else JOINED_UNITS,
            epochs=self._config.budget.epochs,
            remembers=any(run.chooses for run in self._runs),
        )

    def _panels(self, trainees: Sequence[Trainee]) -> Panels:
        """How linear heads are multiplied: all at once, some, or each by itself, as products treat rows alike."""
        classes = trainees[0].shape.classes
        fill = ROWS // math.gcd(ROWS, classes)
        together = Counter(one.seen for one in trainees if not one.shape.hidden)
        most = filled(max(together.values(), default=1), fill)
        if not self._exact:
            return Panels(fill, most)
        every = {filled(count, fill) for count in together.values()}
        if all(self._alike(few=fill * classes, rows=count * classes) for count in sorted(every)):
            return Panels(fill, most)
        return Panels(fill, fill) if self._alike(few=fill * classes, rows=fill * classes) else Panels(1, 1)

    def _alike(self, *, few: int, rows: int) -> bool:
        """Whether products of these rows are alike in every size that training or validation needs."""
        table, validation = self._sources[0].training, self._sources[0].validation
        width, size = table.embeddings.shape[1], self._sources[0].batches.size
        steps = {size, table.rows % size} - {0}
        looks = steps.copy()
        if validation is not None:
            looks |= {min(validation.rows, EVALUATED), validation.rows % EVALUATED} - {0}
        sizes = [(width, count) for count in sorted(looks)] + [(count, width) for count in sorted(steps)]
        device, dtype = table.embeddings.device, table.embeddings.dtype
        return all(
            alike(self._products, few=few, rows=rows, inner=inner, columns=columns, device=device, dtype=dtype)
            for inner, columns in sizes
        )

    def _points(self, epoch: int) -> list[Point]:
        values = [{"loss": loss} for loss in self._stack.epoch_loss()]
        validations = [each.validation for each in self._sources if each.validation is not None]
        if validations:
            logits, validated = self._stack.evaluate(validations)
            for place, run in enumerate(self._runs):
                values[place]["val_loss"] = validated[place]
                metric = run.member.config.early_stopping.metric
                if metric != "loss":
                    truth = validations[self._stack.runs[place].seen.source].targets.t().cpu().numpy()
                    said = logits[place].t().cpu().numpy()
                    values[place][f"val_{metric}"] = ranking(metric, said, truth, kind=self._kind)
        return [Point(run.member.name, epoch, value) for run, value in zip(self._runs, values, strict=True)]

    def _watch(self, points: Sequence[Point]) -> None:
        """Take note of a validation, and of weights that are the best so far."""
        if self._sources[0].validation is None:
            return
        best = []
        for place, (run, point) in enumerate(zip(self._runs, points, strict=True)):
            if not _finite(point):
                continue
            how = run.member.config.early_stopping
            run.watch = run.watch.after(point.values[f"val_{how.metric}"], epoch=point.epoch, how=how)
            if run.chooses and run.watch.best_epoch == point.epoch:
                best.append(place)
        if best:
            self._stack.remember(best)

    def _ended(self, place: int, point: Point) -> Ended | None:
        """A member's end, where this epoch is its last."""
        run = self._runs[place]
        config = run.member.config
        last = run.watch.ends(config.early_stopping) or point.epoch == config.budget.epochs
        if not last or not _finite(point):
            return None
        kept = self._stack.tensors(place, best=run.chooses)
        scale = self._sources[self._stack.runs[place].seen.source].scale
        head = Head({**scale, **{name: tensor.float().cpu().clone() for name, tensor in kept.items()}})
        return Ended(run.member.name, head, point.epoch, run.watch.best_epoch if run.chooses else point.epoch)


def ranking(
    metric: Literal["ap", "auroc"],
    logits: Float[np.ndarray, "rows classes"],
    targets: Float[np.ndarray, "rows classes"],
    *,
    kind: Kind,
) -> float:
    """Macro AP or AUROC of raw scores; of multi-class data of each class's log-odds against the others."""
    said = scores.log_odds(logits) if kind == "multi-class" else logits
    of = scores.average_precision if metric == "ap" else scores.auroc
    return scores.macro(np.array([of(said[:, one], targets[:, one] > 0.5) for one in range(said.shape[1])]))


def _trainee(member: Member, source: int, kind: Kind) -> Trainee:
    config = member.config
    classes = member.training.targets.shape[1]
    return Trainee(
        shape=Shape(member.training.embeddings.shape[1], config.head.hidden_units, classes),
        spec=losses.resolved(config.loss, kind=kind, classes=classes),
        rule=optimizers.rule(config.optimizer, config.schedule),
        seen=Input(source, config.head.dropout if config.head.input_dropout else 0.0),
        rate=config.head.dropout if config.head.hidden_units else 0.0,
    )


def _finite(point: Point) -> bool:
    return all(math.isfinite(value) for value in point.values.values())


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """One thread and no gradients: sums over more threads round otherwise."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.no_grad():
            yield
    finally:
        torch.set_num_threads(threads)


__all__ = ["Cohort", "Ended", "Member", "Point", "train"]
