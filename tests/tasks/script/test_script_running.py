"""Own programs are run, judged and decided like any task."""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from programs import INLINE, MAIN, STUDY, curve, folders, make_book, reasons, run

from tunebook.book import Book
from tunebook.errors import InputError
from tunebook.records import Measurement
from tunebook.spec.study import Study

COMMAND = """\
import json, pathlib, sys
lr, seed, out, name = float(sys.argv[1]), int(sys.argv[2]), pathlib.Path(sys.argv[3]), sys.argv[4]
with (out / "reports.jsonl").open("a") as file:
    for step in (1, 2):
        file.write(json.dumps({"step": step, "loss": lr / step}) + "\\n")
if lr > 0.5:
    sys.exit("the rate is too large")
assert name == "two words; {x}"
(out / "metrics.json").write_text(json.dumps({"val": {"accuracy": lr}}))
"""
BY_COMMAND = """\
task: {command: "python train.py {lr} {seed} {out} '{name}; {{x}}'"}
metrics: {accuracy: maximize}
base: {name: two words}
space: {lr: [0.1, 0.7]}
replicates: {seed: 1}
confirm: null
report: {splits: [val]}
"""


def measured(book: Path) -> list[Measurement]:
    """All measurements of the first run."""
    (scoring, *_) = folders(book)[0].scorings()
    return list(folders(book)[0].read_measurements(scoring))


def reporting(body: str, **study: str) -> dict[str, str]:
    """A program of one run with this body, and its study."""
    text = STUDY.replace("[0.1, 0.3]", "[0.1]").replace("{seed: 2}", "[0]") + "confirm: null\nreport: {splits: [val]}\n"
    for old, new in study.items():
        text = text.replace(old, new)
    return {"program": f"def main(config, out):\n    {body}\n", "study": text}


def test_a_function_is_tuned_and_decided(tmp_path: Path):
    """A function of config and seed is called once a run, and the best configuration is carried forward."""
    book = make_book(tmp_path)

    decision = run(book)

    assert decision is not None
    assert (decision.label, decision.score) == ("lr=0.3", pytest.approx(1.0005))
    assert "own program train.py:main" in (book / "pages" / "own.md").read_text()
    assert len(folders(book)) == 4


def test_a_number_is_of_the_whole_split(tmp_path: Path):
    """A metric that is one number is the aggregate of its split, without items; others have theirs."""
    book = make_book(
        tmp_path,
        **reporting(
            'return {"val": {"accuracy": {"a": 0.5, "b": 1.0, "c": None}, "loss": 0.25}}',
            **{"{accuracy: maximize}": "{accuracy: maximize, loss: minimize, other: minimize}"},
        ),
    )

    run(book)

    found = {(one.metric, one.item): (one.value, one.n, one.expected) for one in measured(book)}
    assert found == {
        ("accuracy", ""): (0.75, 2, 3),
        ("accuracy", "a"): (0.5, 1, 1),
        ("accuracy", "b"): (1.0, 1, 1),
        ("accuracy", "c"): (None, 0, 1),
        ("loss", ""): (0.25, 1, 1),
        ("other", ""): (None, 0, 1),
    }


def test_reports_of_steps_become_a_curve(tmp_path: Path):
    """What a generator yields are points of the learning curve; the last report of a split counts."""
    body = """for step in (1, 2):
        yield {"step": step, "loss": 1 / step, "val": {"accuracy": step / 10}}"""
    book = make_book(tmp_path, **reporting(body))

    run(book)

    (folder,) = folders(book)
    assert curve(folder) == [(1, {"loss": 1.0, "val.accuracy": 0.1}), (2, {"loss": 0.5, "val.accuracy": 0.2})]
    assert measured(book)[0].value == 0.2


def test_a_command_is_run_without_a_shell(tmp_path: Path):
    """Placeholders are filled word by word; reports.jsonl becomes the curve, metrics.json the scores."""
    book = make_book(tmp_path, program=COMMAND, study=BY_COMMAND)

    run(book)

    assert reasons(book) == {"", "crashed: the rate is too large (exit code 1)"}
    finished = next(folder for folder in folders(book) if folder.read_outcome().status == "finished")
    assert curve(finished) == [(1, {"loss": 0.1}), (2, {"loss": 0.05})]


def test_an_edited_program_makes_new_runs(tmp_path: Path):
    """The content of the program and of what it imports beside it is part of a run's identity; other files are not."""
    book = make_book(tmp_path, program="from helper import factor\n" + MAIN.replace("0.001", "factor"))
    (book / "helper.py").write_text("factor = 0.001\n")
    run(book)
    (book / "notes.py").write_text("nothing = 1\n")
    run(book)

    assert len(folders(book)) == 4

    (book / "helper.py").write_text("factor = 0.002\n")
    run(book)

    assert len(folders(book)) == 8


def test_edited_metrics_are_scored_again(tmp_path: Path):
    """A metric that is declared later is scored from what was reported; nothing is run again."""
    program = MAIN.replace('{"accuracy": value}', '{"accuracy": value, "loss": -value}')
    book = make_book(tmp_path, program=program)
    run(book)
    before = {folder.path: (folder.at / "checkpoint.safetensors").stat().st_mtime_ns for folder in folders(book)}
    (book / "own.study.yaml").write_text(STUDY.replace("{accuracy: maximize}", "{loss: minimize, accuracy: maximize}"))

    decision = run(book)

    assert decision is not None
    assert decision.metric == "loss"
    assert before == {f.path: (f.at / "checkpoint.safetensors").stat().st_mtime_ns for f in folders(book)}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            'return {"test": {"accuracy": 1}}',
            "crashed: the program must report the split val, which the study asks for; it reported test",
        ),
        ('return {"val": {"accuracy": float("nan")}}', "diverged: accuracy on val is nan"),
        ('yield {"step": 3, "loss": float("inf")}', "diverged: loss is inf at step 3"),
        ("return None", 'crashed: main must give a mapping, {"val": {"accuracy": 0.9}}; got None'),
        (
            'return {"val": {"accuracy": "high"}}',
            "crashed: accuracy of val in main must be a number, or a mapping from items to numbers; got str 'high'",
        ),
        ('return {"val": {"accuracy": 2}}', "crashed: accuracy must be >= 0 and <= 1, as the study declares; got 2"),
        (
            "yield {'loss': 1}",
            'crashed: the program must report metrics of a split, {"val": {"accuracy": 0.9}}; it reported none',
        ),
        ("raise ValueError('lr is odd')", "crashed: ValueError: lr is odd (train.py, line 2)"),
        ("raise SystemExit(3)", "crashed: the program called sys.exit: 3"),
        ("raise MemoryError", "out of memory: no memory was left"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_an_outcome(tmp_path: Path, body: str, reason: str):
    """A failed run says in a sentence what its program must do and what it did."""
    declared = {"accuracy: maximize": "accuracy: {direction: maximize, low: 0, high: 1}"}
    book = make_book(tmp_path, **reporting(body, **declared))

    run(book)

    assert reasons(book) == {reason}


def test_a_traceback_begins_in_the_program(tmp_path: Path):
    """The log and the page of a failed run show the program's own frames, escaped."""
    book = make_book(tmp_path, **reporting('raise ValueError("<b>odd</b>")'))

    run(book)

    log = folders(book)[0].log.read_text()
    assert "ValueError: <b>odd</b>" in log
    assert "tunebook" not in log.replace(str(tmp_path), "")
    page = (book / "pages" / "own.html").read_text()
    assert "The end of the log of" in page
    assert "&lt;b&gt;odd&lt;/b&gt;" in page
    assert "<b>odd</b>" not in page


def test_predictions_are_kept(tmp_path: Path):
    """A table in out/predictions is stored beside the answer of its split, and counts in its digest."""
    body = """(out / "predictions").mkdir()
    (out / "predictions" / "val.csv").write_text("item,p\\na,0.25\\nb,1\\n")
    return {"val": {"accuracy": 1}}"""
    book = make_book(tmp_path, **reporting(body))

    run(book)

    arrays = folders(book)[0].read_prediction("val", "answer")
    assert arrays is not None
    assert arrays["prediction.item"].tolist() == ["a", "b"]
    assert arrays["prediction.p"].tolist() == [0.25, 1.0]


def test_config_is_read_only_and_named_as_one_likes(tmp_path: Path):
    """A parameter has its full name, its last part, and attributes; a path that counts is absolute; 1.0 is 1."""
    body = """assert config["optimizer.lr"] == config["lr"] == config.optimizer.lr == config["optimizer"]["lr"] == 0.1
    assert dict(**config["optimizer"]) == {"lr": 0.1, "steps": 1} and type(config["steps"]) is int
    assert config["root"] == str(out.parents[3] / "data") and config["other"] == [1, None]
    try:
        config["lr"] = 1
    except TypeError:
        return {"val": {"accuracy": 1}}"""
    base = "base: {data: {root: data}, optimizer: {steps: 1.0}, other: [1, null]}\nspace: {optimizer.lr: [0.1]}"
    book = make_book(tmp_path, **reporting(body, **{"space: {lr: [0.1]}": base}))
    (book / "data").mkdir()
    (book / "data" / "x.txt").write_text("1")

    run(book)

    assert reasons(book) == {""}
    (folder,) = folders(book)
    assert set(folder.read_run().fingerprints) == {"program", "data"}


def test_a_study_follows_a_decision(tmp_path: Path):
    """`from` brings the decided parameters, under their names; the program is the study's own."""
    book = make_book(tmp_path)
    (book / "next.study.yaml").write_text(
        "task: train.py:main\nmetrics: {accuracy: maximize}\nbase: {from: own}\nspace: {depth: [1, 2]}\n"
        "replicates: {seed: 2}\nwhere: [lr < 1]\n"
    )
    run(book)
    loaded = Book.load(book)

    decision = loaded.run(loaded.find("next").study)

    assert decision is not None
    assert decision.values["lr"] == 0.3
    assert decision.values["depth"] in (1, 2)


def test_a_study_is_built_in_python(tmp_path: Path):
    """Study(task=…, metrics=…) is what a file says; a file that is missing is said when it is run."""
    make_book(tmp_path)
    said = {"metrics": {"accuracy": "maximize"}, "space": {"lr": [0.1, 0.3]}, "replicates": {"seed": 2}}
    study = Study(study="own", task="train.py:main", **said)

    decision = Book.open(tmp_path).run(study)

    assert decision is not None
    with pytest.raises(InputError, match="must be a file of the program; there is none"):
        Book.open(tmp_path).run(Study(task="trian.py:main", **said))


def test_a_book_says_of_each_run_what_it_ran(tmp_path: Path):
    """Two runs of one file in one process are of their own content, whatever was imported before."""
    book = make_book(tmp_path, executor=INLINE)
    run(book)
    (book / "train.py").write_text(MAIN.replace("1 - abs", "2 - abs"))

    decision = run(book)

    assert decision is not None
    assert decision.score > 1.9
    assert json.loads((folders(book)[0].path / "config.json").read_text())["task"] == "own-program"


def test_a_metric_that_is_called_otherwise_costs_no_training(tmp_path: Path):
    """A declared metric that is not reported has no value and a reason; with its right name it is scored, not run."""
    counting = f"    with open({str(tmp_path / 'ran.txt')!r}, 'a') as ran:\n        ran.write('.')\n    value"
    book = make_book(tmp_path, program=MAIN.replace("    value", counting))
    (book / "own.study.yaml").write_text(STUDY.replace("accuracy", "acuracy"))
    none = run(book)
    why = {one.reason for one in measured(book)}
    (book / "own.study.yaml").write_text(STUDY)

    assert none is None
    assert reasons(book) == {""}
    assert why == {"the program reported accuracy, not acuracy"}
    assert run(book) is not None
    assert (book / "ran.txt").read_text() == "...."


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "the command must write metrics.json into {out}; there is none (what it prints is no report)"),
        ("{", "metrics.json must be JSON; Expecting property name"),
        ('{"val": {"accuracy": "high"}}', "accuracy of val in metrics.json must be a number"),
        ('{"val": {"accuracy": 2}}', "accuracy must be <= 1, as the study declares; got 2"),
        ('{"test": {"accuracy": 1}}', "the program must report the split val"),
    ],
)
def test_a_log_holds_no_traceback_of_ours(tmp_path: Path, written: str, reason: str):
    """What is wrong with an answer is said in a sentence."""
    program = "import pathlib, sys\nprint('accuracy 0.9')\n"
    program += f"pathlib.Path(sys.argv[2], 'metrics.json').write_text({written!r})\n" if written else ""
    declared = "accuracy: {direction: maximize, high: 1}"
    study = BY_COMMAND.replace("{lr} {seed} {out} '{name}; {{x}}'", "{config} {out}").replace("[0.1, 0.7]", "[0.1]")
    book = make_book(tmp_path, program=program, study=study.replace("accuracy: maximize", declared))

    run(book)

    assert [each.removeprefix("crashed: ").startswith(reason) for each in reasons(book)] == [True]
    assert "Traceback" not in folders(book)[0].log.read_text()


def test_a_commands_config_holds_the_replicate(tmp_path: Path):
    """{config} alone tells a command all: parameters, seed and fold."""
    program = """import json, pathlib, sys
config = json.loads(pathlib.Path(sys.argv[1]).read_text())
score = config["lr"] + 10 * config["seed"] + 100 * config["fold"]
pathlib.Path(sys.argv[2], "metrics.json").write_text(json.dumps({"val": {"accuracy": score}}))
"""
    study = 'task: {command: "python train.py {config} {out}"}\nmetrics: {accuracy: maximize}\nspace: {lr: [1]}\n'
    study += "replicates: {seed: 2, fold: 2}\nconfirm: null\nreport: {splits: [val]}\n"
    book = make_book(tmp_path, program=program, study=study)

    decision = run(book)

    assert decision is not None
    assert decision.score == 1 + 5 + 50


def test_an_id_does_not_tell_where_the_book_lies(tmp_path: Path):
    """A Python of the book that is a link out of it is no part of the program; files are named from the book on."""
    text = BY_COMMAND.replace("python train.py", ".venv/bin/python code/cmd.py").replace("[0.1, 0.7]", "[0.1]")
    found = []
    for place in (tmp_path / "here", tmp_path / "deeper" / "there"):
        book = make_book(place, study=text)
        (book / "code").mkdir()
        (book / "code" / "cmd.py").write_text(COMMAND)
        (book / ".venv" / "bin").mkdir(parents=True)
        (book / ".venv" / "bin" / "python").symlink_to(sys.executable)
        run(book)
        found.append([folder.path.name for folder in folders(book)])

    assert reasons(tmp_path / "here") == {""}
    assert found[0] == found[1]


def test_a_run_names_what_its_program_imports(tmp_path: Path):
    """Versions of installed packages that its files import, by the names by which they are installed; no others."""
    program = "import os\nimport helper\n" + MAIN
    book = make_book(tmp_path, program=program)
    (book / "helper.py").write_text("def late():\n    from sklearn.svm import SVC\n")

    run(book)

    found = folders(book)[0].read_outcome().provenance
    assert found["scikit-learn"] == version("scikit-learn")
    assert not {"torch", "transformers", "peft", "numpy", "helper"} & set(found)


def test_a_program_that_is_edited_meanwhile_says_what_to_do(tmp_path: Path):
    """Its runs end as `data changed`, with the way out."""
    body = """with open(__file__, "a") as file:
        file.write("# edited")
    return {"val": {"accuracy": 1}}"""
    book = make_book(tmp_path, **reporting(body))

    run(book)

    assert reasons(book) == {"data changed: program changed since the study was planned; `tunebook run` plans it anew"}
