"""The program of a first study: one on bundled data, a replay of recorded scores, or a place for one's own code.

Every one of them runs as it is written.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.cli.first_study import First
from tunebook.errors import InputError, Problem
from tunebook.records import Scalar
from tunebook.spec.names import listed
from tunebook.spec.programs import PARAMETER

FILE, FUNCTION = "train.py", "main"
BUNDLED = '''\
"""What one run does: it gets a configuration and a seed, and returns its metrics on each split."""

from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split


def main(config, seed, out):
    images, digits = load_digits(return_X_y=True)
    rest, test, rest_digits, test_digits = train_test_split(images, digits, test_size=0.25, random_state=0)
    train, val, train_digits, val_digits = train_test_split(rest, rest_digits, test_size=0.25, random_state=0)
    model = RandomForestClassifier(config["trees"], max_features=config["features"], random_state=seed)
    model.fit(train, train_digits)
    return {"val": {"accuracy": model.score(val, val_digits)}, "test": {"accuracy": model.score(test, test_digits)}}
'''
REPLAY = '''\
"""What one run does: it looks up what was recorded of a configuration and a seed, in the place of a training."""

from pathlib import Path

import numpy as np

# Parameter -> its values; the digits of a recorded key are their places, in this order.
PARAMETERS = {parameters}


def main(config, seed, out):
    with np.load(Path(config["data"]["root"]) / f"{{config['table']}}.npz", allow_pickle=False) as recorded:
        keys, values = recorded["keys"], recorded["vals"]  # values: configurations × seeds
    key = "".join(str(known.index(config[name])) for name, known in PARAMETERS.items())
    of_seeds = values[np.flatnonzero(keys == key)[0]]
    if seed >= len(of_seeds) - 1:
        raise ValueError(f"seed {{seed}} was not recorded: 0 to {{len(of_seeds) - 2}} choose, the last one is the test")
    return {{"val": {{"score": float(of_seeds[seed])}}, "test": {{"score": float(of_seeds[-1])}}}}
'''
TEMPLATE = '''\
"""What one run does: it gets a configuration and a seed, and returns its metrics on each split."""

from math import log10
from pathlib import Path

import numpy as np


def main(config, seed, out):
    """Train one configuration.

    Args:
        config: Every value of the study file: config["lr"]; config["data"]["root"] is a path.
        seed: Of all that is drawn by chance.
        out: A folder for what you want to keep of the run.
    """
    data = Path(config["data"]["root"])
    files = [data] if data.is_file() else [path for path in data.rglob("*") if path.is_file()]
    random = np.random.default_rng(seed)

    # YOUR CODE comes here: train on `files` with config["lr"] and config["size"], then score on val and on test.
    # Until then these made-up scores, which know nothing of the files, let the study run from end to end.
    made_up = 0.9 - 0.05 * abs(log10(config["lr"]) + 3) + 0.01 * log10(config["size"])
    val, test = made_up + random.normal(0, 0.01, size=2)

    (Path(out) / "files.txt").write_text("\\n".join(map(str, files)))
    return {"val": {"score": val}, "test": {"score": test}}
'''
MOST_VALUES = 4
"""Values of a recorded parameter that a first study tries."""


@dataclass(frozen=True)
class OwnProgram:
    """A program and its study."""

    code: str
    study: First


@dataclass(frozen=True)
class Recorded:
    """A recorded grid.

    Args:
        table: Name of the file, without its ending. `others`: those beside it.
        values: Configurations × seeds.
        parameters: Name -> the values of each digit.
        named: Whether a file beside it names them.
    """

    table: str
    others: tuple[str, ...]
    keys: NDArray[Any]
    values: NDArray[np.floating[Any]]
    parameters: Mapping[str, Sequence[Scalar]]
    named: bool


def bundled(study: str) -> OwnProgram:
    """A program on scikit-learn's handwritten digits."""
    first = First(
        study=study,
        question="How large a random forest, of how many pixels at a split, reads handwritten digits best?",
        task=f"{FILE}:{FUNCTION}",
        found="scikit-learn's handwritten digits",
        base={},
        space={"trees": [10, 30, 100], "features": [2, 8, 32]},
        why={
            "trees": "config['trees'] in the program",
            "features": "config['features']: pixels looked at in each split",
        },
        select=("accuracy", "val"),
        splits=("test",),
        declared={"accuracy": "maximize"},
        prefer=("trees",),
        seconds=2.0,
    )
    return OwnProgram(BUNDLED, first)


def template(study: str, root: str) -> OwnProgram:
    """A program with a place for one's own code.

    Args:
        root: What `data.root` says.
    """
    first = First(
        study=study,
        question="Put your question here; it stands at the top of the page.",
        task=f"{FILE}:{FUNCTION}",
        found=f"your own program, {FILE}",
        base={"data.root": root},
        space={"lr": [1e-4, 1e-3, 1e-2], "size": [10, 30]},
        why={"data.root": "what is there belongs to a run: changed files make new runs", "lr": "any names and values"},
        select=("score", "val"),
        splits=("test",),
        declared={"score": "maximize"},
        seconds=2.0,
    )
    return OwnProgram(TEMPLATE, first)


def replay(study: str, root: str, recorded: Recorded) -> OwnProgram:
    """A program that looks scores up, and a study of the two parameters that matter most in them."""
    tried = _two_that_matter(recorded)
    fixed = {name: values[len(values) // 2] for name, values in recorded.parameters.items() if name not in tried}
    direction, reason = _direction(recorded.values)
    base = {"data.root": root, "table": recorded.table, **fixed}
    others = f"; or {listed(recorded.others, most=2)}"
    size = f"{len(recorded.keys):,} configurations × {recorded.values.shape[1]} seeds"
    why = {
        "metrics": reason,
        "table": f"{size}{others if recorded.others else ''}",
        **dict.fromkeys(tried, "places of its recorded values; one of the two that matter most"),
    }
    first = First(
        study=study,
        question="Which of the recorded configurations is best?",
        task=f"{FILE}:{FUNCTION}",
        found=f"recorded scores, which {FILE} looks up",
        base=base,
        space=tried,
        why=why,
        select=("score", "val"),
        splits=("test",),
        declared={"score": direction},
        seconds=1.0,
        fresh=max(1, min(2, recorded.values.shape[1] - 3)),
    )
    lines = (f"    {name!r}: {list(values)!r},\n" for name, values in recorded.parameters.items())
    return OwnProgram(REPLAY.format(parameters="{\n" + "".join(lines) + "}"), first)


# Records --------------------------------------------------------------------------------------------------


def recorded(data: Path) -> Recorded | None:
    """The recorded grid at a path: an NPZ file with `keys` and `vals`, or the first of those in a folder.

    A JSON file of the same stem, or `parameters.json`, may name the parameters: {"lr": [0.1, 0.01], …}, in the order of
    the digits. None where there is no such grid.

    Raises:
        InputError: when the names do not fit the keys.
    """
    files = [data] if data.is_file() else sorted(data.glob("*.npz")) if data.is_dir() else []
    for number, file in enumerate(files):
        found = _arrays(file)
        if found is not None:
            keys, values = found
            counts = [len({key[place] for key in keys.tolist()}) for place in range(len(str(keys[0])))]
            names = _names(file, counts)
            parameters = names or {f"p{place}": list(range(count)) for place, count in enumerate(counts)}
            others = tuple(other.stem for other in files[number + 1 :])
            return Recorded(file.stem, others, keys, values, parameters, names is not None)
    return None


def _arrays(file: Path) -> tuple[NDArray[Any], NDArray[np.floating[Any]]] | None:
    """Keys of digits, and scores of configurations × seeds."""
    if file.suffix.lower() != ".npz":
        return None
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as arrays:
            if not {"keys", "vals"} <= set(arrays.files):
                return None
            keys, values = arrays["keys"], arrays["vals"]
    except Exception as error:  # numpy, zipfile and zlib have no error in common for a damaged file
        message = f"must be an NPZ file that can be read; {type(error).__name__}: {error}"
        raise InputError(Problem(str(file), message)) from error
    fitting = keys.ndim == 1 and keys.dtype.kind == "U" and values.shape[:1] == keys.shape and values.dtype.kind == "f"
    several = fitting and len(keys) > 0 and values.ndim == 2 and values.shape[1] >= 4
    digits = several and all(key.isdecimal() and len(key) == len(keys[0]) for key in keys.tolist())
    return (keys, values) if digits else None


def _names(file: Path, counts: Sequence[int]) -> dict[str, Sequence[Scalar]] | None:
    beside = next(
        (path for path in (file.with_suffix(".json"), file.with_name("parameters.json")) if path.is_file()), None
    )
    if beside is None:
        return None
    try:
        found = json.loads(beside.read_text())
    except ValueError as error:
        raise InputError(Problem(str(beside), f"must be a JSON file; reading it fails: {error}")) from error
    sizes = [len(values) for values in found.values()] if _is_named(found) else []
    if sizes != list(counts):
        message = (
            f"must name the {len(counts)} parameters of {file.name} with {', '.join(map(str, counts))} values each"
        )
        raise InputError(
            Problem(str(beside), f"{message}; it has {sizes or 'something else'}", "correct it, or move it away")
        )
    return dict(found)


def _is_named(found: Any) -> bool:
    return isinstance(found, dict) and all(
        isinstance(each, list) and PARAMETER.fullmatch(name) for name, each in found.items()
    )


def _two_that_matter(recorded: Recorded) -> dict[str, Sequence[Scalar]]:
    """The two parameters whose values differ most in their mean scores, with a few of their values."""
    means = np.log(recorded.values.mean(axis=1)) if recorded.values.min() > 0 else recorded.values.mean(axis=1)
    places = np.array([list(map(int, key)) for key in recorded.keys.tolist()])
    effects = {}
    for number, (name, values) in enumerate(recorded.parameters.items()):
        of_value = [means[places[:, number] == place].mean() for place in range(len(values))]
        effects[name] = float(np.ptp(of_value))
    chosen = sorted(sorted(effects, key=lambda name: -effects[name])[:2], key=list(recorded.parameters).index)
    return {name: _spread(recorded.parameters[name]) for name in chosen}


def _spread(values: Sequence[Scalar]) -> Sequence[Scalar]:
    places = np.linspace(0, len(values) - 1, min(MOST_VALUES, len(values))).round().astype(int)
    return [values[place] for place in dict.fromkeys(places.tolist())]


def _direction(values: NDArray[np.floating[Any]]) -> tuple[str, str]:
    """Shares of what is right lie high between 0 and 1; errors lie low, and have no upper end."""
    if values.min() >= 0 and values.max() <= 1 and float(np.median(values)) >= 0.2:
        return "maximize", f"a guess: all lie in 0 to 1, half of them above {np.median(values):.2f}"
    return "minimize", f"a guess: {values.min():.2g} to {values.max():.2g} look like errors"
