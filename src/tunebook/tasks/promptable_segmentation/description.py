"""What promptable segmentation is: configuration, metrics, inputs; without torch."""

import os
from collections.abc import Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from tunebook import folders
from tunebook.errors import DataError, Problem
from tunebook.fingerprints import Input
from tunebook.folders import RunFolder
from tunebook.images import dividing
from tunebook.records import DataFacts, MetricFacts
from tunebook.task import Beginning, ItemScore, Metric
from tunebook.tasks.promptable_segmentation import beginning
from tunebook.tasks.promptable_segmentation.config import Adapter, Config
from tunebook.tasks.promptable_segmentation.items import SPLITS, Item, every, file_of, files, items, read
from tunebook.tasks.promptable_segmentation.schedule import full_length, validated

PIECES = "every loose piece of a mask counted as an object"
ROUNDS = (
    "iterative.iterations - 1 rounds (by default 7) of two clicks, one on a missed part and one on what is too much"
)
MODES = {
    "ais": "all objects at once, by the automatic decoder, without prompts (published as ais)",
    "box": f"a tight box per object, {PIECES} (published as box or single box)",
    "ib": f"a box first, then {ROUNDS}, {PIECES} (published as ib)",
    "ip": f"a point first, then {ROUNDS}, {PIECES} (published as ip)",
    "point": f"a point per object, at the pixel farthest from its border, {PIECES} (published as point or single "
    "point)",
}
"""Mode -> what it is, in the order of micro-sam's tables; ib and ip are scored after the last round."""
SCORES = {
    "msa": "mean segmentation accuracy: TP / (TP + FP + FN) averaged over IoU 0.50, 0.55 … 0.95, then over images",
    "sa50": "segmentation accuracy TP / (TP + FP + FN) at IoU 0.50, averaged over images",
    "sa75": "segmentation accuracy TP / (TP + FP + FN) at IoU 0.75, averaged over images",
    "msa-elf": "msa as python-elf computes it, for published tables (drifting thresholds, two empty maps score 0)",
}
SHIPPED = Path(__file__).parent / "shipped"


def mean(items: Sequence[ItemScore]) -> float:
    """The unweighted mean over images."""
    return sum(item.value for item in items if item.value is not None) / len(items)


def _metric(mode: str, score: str) -> Metric:
    return Metric(
        facts=MetricFacts(
            name=f"{mode}.{score}",
            direction="maximize",
            meaning=f"{SCORES[score]}; {MODES[mode]}",
            low=0.0,
            high=1.0,
            zero="no object matched",
            one="every object matched, nothing invented",
        ),
        aggregate=mean,
        mode="ais" if mode == "ais" else "",
    )


class PromptableSegmentation:
    """Segment-Anything models adapted to instances, from points, from boxes and automatically."""

    name = "promptable-segmentation"
    version = "2"
    evaluator = "2"
    Config: type[BaseModel] = Config
    metrics: Mapping[str, Metric] = {f"{mode}.{score}": _metric(mode, score) for mode in MODES for score in SCORES}
    worker = "tunebook.tasks.promptable_segmentation.worker:Worker"
    verified = (
        *("data.root", "data.train", "data.val", "data.test", "data.image_key", "data.label_key"),
        *("data.axis", "data.axes", "data.channel", "data.normalize", "data.split", "data.folds"),
    )
    largest_cohort = 1
    predictor = "tunebook.tasks.promptable_segmentation.applying:predict"
    predictions: Literal["file", "folder"] = "folder"
    formats: Mapping[str, str] = {
        "sam": "tunebook.tasks.promptable_segmentation.exporting:sam",
        "adapter": "tunebook.tasks.promptable_segmentation.exporting:adapter",
    }

    def without_effect(self, config: BaseModel) -> frozenset[str]:
        """What cannot matter: everything trained when nothing is; a part's fields without the part."""
        config = _ours(config)
        if config.model.family == "otsu-watershed":
            floor = {"adapter", "model.size", "automatic.enabled", "iterative", "crop", "seed"}
            return TRAINING | floor | set(dividing.without_effect(config.data))
        idle = set(dividing.without_effect(config.data))
        idle |= {f"adapter.{name}" for name in set(type(config.adapter).model_fields) - set(effective(config.adapter))}
        if config.iterative.iterations == 1:
            idle.add("iterative.masks")  # there is no last mask
        if config.adapter.method == "none":
            # The seed draws what is not in a file: a whole random model is another one for every seed.
            return TRAINING | idle | ({"seed"} if config.model.weights != "random" else set())
        return frozenset(idle | {path for paths, idles in _idle_in_training(config) if idles for path in paths})

    def inputs(self, config: BaseModel, book: Path) -> Sequence[Input]:
        """Images and labels of all splits, and the files of the starting weights if there are any."""
        config = _ours(config)
        root = folders.resolve(config.data.root, book, place="base.data.root")
        found = (item for split in every(config, book).values() for item in split)
        data = Input("data", root, files(found if dividing.is_as_given(config.data) else sorted(found, key=_paths)))
        weights = () if config.model.family == "otsu-watershed" else weights_files(config.model.weights, book)
        return (data, Input("weights", weights[0].parent, weights, named=False)) if weights else (data,)

    def start(self, data: Path) -> Beginning | None:
        """Folders of images with labels of several values, or containers of both, by their names and a few labels."""
        return beginning.start(data)

    def survey(self, config: BaseModel, book: Path, *, thumbnails: Path) -> DataFacts:
        """Sizes, objects and what is odd, of every image and label."""
        # Only who looks at the data pays for the import.
        from tunebook.tasks.promptable_segmentation import survey  # noqa: PLC0415

        return survey.survey(_ours(config), book, thumbnails=thumbnails)

    def verify(self, config: BaseModel, book: Path) -> None:
        """Read every image and label of the three splits."""
        config = _ours(config)
        problems: list[Problem] = []
        for found in every(config, book).values():
            for item in found:
                try:
                    read(item, config.data)
                except DataError as error:
                    problems += error.problems
        if problems:
            raise DataError(*problems)

    def splits(self, config: BaseModel) -> Sequence[str]:
        """train, val and test, whatever their folders are called."""
        return SPLITS

    def refusal(self, config: BaseModel, book: Path, *, metric: str, split: str) -> str:
        """Every metric can be had."""
        return ""

    def length(self, config: BaseModel, book: Path) -> int:
        """Training steps, counted from the training images where epochs are given; 0 when nothing is trained."""
        config = _ours(config)
        if "budget" in self.without_effect(config):
            return 0
        if config.budget.epochs is None:
            return config.budget.steps
        return full_length(config, images=len(items(config, book, "train")))

    def cohort(self, config: BaseModel) -> Hashable | None:
        """None: every run trains alone."""
        return None

    def baselines(self, config: BaseModel) -> Mapping[str, Mapping[str, Any]]:
        """None: a study that wants the classical floor names it, `model.family: otsu-watershed`."""
        return {}


MATTERS: Mapping[str, tuple[str, ...]] = {
    "lora": ("rank", "alpha", "scaling", "targets", "blocks", "dropout"),
    "fact": ("rank", "blocks", "dropout", "variant"),
    "adaptformer": ("projection", "scale", "blocks", "dropout", "variant"),
    "full": ("blocks",),
    "frozen": (),
    "none": (),
}
"""Method -> the fields of an adapter that matter under it."""


TRAINING = frozenset(
    {
        *("prompts", "loss", "optimizer", "schedule", "validation", "early_stopping", "keep_weights"),
        *("sampler", "augmentation", "batch_size", "budget", "precision"),
    }
)
"""What matters to training alone."""


def effective(adapter: Adapter) -> dict[str, Any]:
    """The fields of an adapter that matter under its method."""
    fields = adapter.model_dump(mode="json")
    return {name: fields[name] for name in ("method", *MATTERS[adapter.method])}


def _idle_in_training(config: Config) -> Iterator[tuple[Sequence[str], bool]]:
    """Fields, and whether they cannot matter where something is trained."""
    # Clicks that correct, and masks, are shown from the second round on.
    yield ("prompts.mask_probability", "prompts.margin"), config.prompts.rounds == 1
    yield ("prompts.box_jitter",), config.prompts.start == "point"
    yield ("loss.automatic", "optimizer.scheme"), not config.automatic.enabled
    yield ("schedule.factor", "schedule.patience"), config.schedule.name != "plateau"
    yield ("validation.every",), not validated(config)
    yield ("budget.steps",), config.budget.epochs is not None


def weights_file(weights: str, book: Path) -> Path | None:
    """The file that starting weights mean; None for `random`.

    Accepted: a shipped name; `file:PATH` from the book; `run:ID@LENGTH` (how the conductor writes a resolved
    `study:`; of a run that trained nothing, its own starting weights); `hf:OWNER/NAME` or `hf:OWNER/NAME@REVISION`
    (a SamModel on the Hugging Face hub, downloaded when it is first needed); `micro-sam:NAME` (from micro-sam's
    cache, MICROSAM_CACHEDIR or ~/.cache/micro_sam).

    Raises:
        DataError: when there is no such file, with the way to get it.
    """
    weights = source(weights, book)
    kind, _, rest = weights.partition(":")
    if weights == "random":
        return None
    if kind == "file":
        return _existing(folders.resolve(rest, book, place="model.weights"), weights, "correct the path")
    if kind == "run":
        run, _, length = rest.partition("@")
        path = book / "runs" / run / f"at-{length}" / folders.CHECKPOINT
        if folders.note_of(path).is_file():
            return path  # what it held is known: that is enough to plan with
        return _existing(path, weights, "run the study that trains it first")
    if kind == "hf":
        return _downloaded(rest)
    if kind == "micro-sam":
        cache = Path(os.environ.get("MICROSAM_CACHEDIR", Path.home() / ".cache" / "micro_sam")) / "models"
        hint = f"download it once with micro-sam: micro_sam.util.get_sam_model(model_type={rest!r})"
        return _existing(cache / rest, weights, hint)
    shipped = SHIPPED / f"{weights}.safetensors"
    names = ", ".join(sorted(path.stem for path in SHIPPED.glob("*.safetensors")))
    return _existing(shipped, weights, f"shipped names: {names}; or file:, hf:, micro-sam:, study:, random")


def weights_files(weights: str, book: Path) -> tuple[Path, ...]:
    """All files of starting weights: the model's, and of micro-sam's the automatic decoder's where it is there.

    Raises:
        DataError: as `weights_file`.
    """
    path = weights_file(weights, book)
    if path is None:
        return ()
    decoder = path.with_name(f"{path.name}_decoder")
    beside = source(weights, book).startswith("micro-sam:") and decoder.is_file()
    return (path, decoder) if beside else (path,)


def source(weights: str, book: Path) -> str:
    """The weights that weights stand for: those of a run that trained nothing are what it started from.

    Raises:
        DataError: when the run has no weights that others could start from: it is not of a Segment-Anything model,
            its adapter cannot be merged, or it trained nothing and its model was random.
    """
    kind, _, rest = weights.partition(":")
    if kind != "run":
        return weights
    run, _, length = rest.partition("@")
    _existing(book / "runs" / run / "config.json", weights, "run the study that it belongs to first")
    theirs = Config.model_validate(RunFolder(book / "runs" / run, 0).read_run().configuration.values)
    if theirs.model.family != "sam":
        message = f"must name a model's weights; {weights} is a run of {theirs.model.family}, which has none"
        raise DataError(Problem("model.weights", message))
    if length == "0":
        if theirs.model.weights == "random":
            message = f"must name a model's weights; {weights} trained nothing and is drawn anew for every seed"
            raise DataError(Problem("model.weights", message, "name random itself"))
        return source(theirs.model.weights, book)
    if theirs.adapter.method == "adaptformer":
        message = f"must have an adapter that can be merged into its weights; {weights} has adaptformer, with its ReLU"
        raise DataError(Problem("model.weights", message, "start from a decision with lora, fact, full or frozen"))
    return weights


def _existing(path: Path, weights: str, hint: str) -> Path:
    if not path.is_file():
        raise DataError(Problem("model.weights", f"must name weights that exist; {weights} means {path}", hint))
    return path


def _downloaded(name: str) -> Path:
    # Only a study with a hub model pays for the import.
    from huggingface_hub import hf_hub_download  # noqa: PLC0415
    from huggingface_hub.errors import HFValidationError  # noqa: PLC0415

    try:
        repository, _, revision = name.partition("@")
        return Path(hf_hub_download(repository, "model.safetensors", revision=revision or None))
    except (OSError, HFValidationError) as error:
        reason = " ".join(str(error).split())
        hint = "check the name and the network; what was downloaded once is found without a network"
        message = f"must name a model on the Hugging Face hub with a model.safetensors; hf:{name}: {reason}"
        raise DataError(Problem("model.weights", message, hint)) from error


def _paths(item: Item) -> tuple[str, str]:
    """In an order that does not depend on how items are dealt out."""
    return str(file_of(item)), item.name


def _ours(config: BaseModel) -> Config:
    if not isinstance(config, Config):
        raise TypeError(f"config must be a {Config.__name__}; got {type(config).__name__}")
    return config
