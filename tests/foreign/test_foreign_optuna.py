"""Optuna databases: read by SQL alone, compared with what Optuna itself reads, and never written."""

import shutil
import sqlite3
import warnings
from pathlib import Path

import optuna
import pytest

from tunebook.errors import DataError
from tunebook.foreign import Asked, assemble, read_optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)


def objective(trial: optuna.Trial) -> tuple[float, float]:
    lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
    trial.suggest_categorical("optimizer", ["adam", None, 3, True])
    layers = trial.suggest_int("layers", 1, 8)
    if trial.number % 2:
        trial.suggest_float("dropout", 0.0, 0.5, step=0.25)
    trial.set_user_attr("seed", trial.number % 3)
    trial.set_user_attr("test_f1", 0.5 + lr)
    trial.set_user_attr("note", ["not", "plain"])
    if trial.number == 4:
        raise ValueError("this trial fails")
    return lr * layers, float("inf") if trial.number == 3 else lr


def quadratic(trial: optuna.Trial) -> float:
    x = trial.suggest_float("x", 0, 1, step=0.25)
    trial.report(x, step=7)
    if trial.number == 2:
        raise optuna.TrialPruned
    return (x - 0.5) ** 2


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with two studies: one of two named objectives, one of one with a pruned and a waiting trial."""
    file = tmp_path_factory.mktemp("optuna") / "study.db"
    storage = f"sqlite:///{file}"
    sampler = optuna.samplers.RandomSampler(seed=1)
    both = optuna.create_study(storage=storage, study_name="both", directions=["maximize", "minimize"], sampler=sampler)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        both.set_metric_names(["f1", "val_loss"])
    both.optimize(objective, n_trials=8, catch=(ValueError,))
    one = optuna.create_study(storage=storage, study_name="one", sampler=sampler)
    one.optimize(quadratic, n_trials=5)
    one.enqueue_trial({"x": 0.75})
    return file


@pytest.fixture
def database(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(made, tmp_path / "study.db"))


def refusal(url: str, study: str = "") -> str:
    with pytest.raises(DataError) as refused:
        read_optuna(url, study=study)
    return str(refused.value)


def test_trials_are_what_optuna_reads(database: Path):
    """Parameters of every distribution, objectives with infinities, states and attributes; lists are left out."""
    frame = read_optuna(f"sqlite:///{database}", study="both")
    trials = optuna.load_study(storage=f"sqlite:///{database}", study_name="both").trials
    states = {"COMPLETE", "FAIL"}

    for line, trial in zip(frame.lines, trials, strict=True):
        params = {f"params_{name}": value for name, value in trial.params.items()}
        values = dict(zip(("f1", "val_loss"), trial.values or (), strict=False))
        attributes = {f"user_attrs_{name}": value for name, value in trial.user_attrs.items() if name != "note"}
        assert line.cells == {"state": trial.state.name, **params, **values, **attributes}
    assert {line.cells["state"] for line in frame.lines} == states
    assert frame.directions == {"f1": "maximize", "val_loss": "minimize"}


def test_a_study_becomes_a_table(database: Path):
    """The first objective chooses, seeds are replicates, what else is a score is reported."""
    found = assemble(read_optuna(f"sqlite:///{database}", study="both"), Asked(study="both"))
    table = found.table

    assert (table.study, table.select_metric, table.select_split) == ("both", "f1", "unstated split")
    assert (tuple(table.report), tuple(table.splits)) == (("f1",), ("test",))
    assert {factor for row in table.rows for run in row.runs for factor in run.replicate} == {"seed"}
    assert [run.reason for row in table.rows for run in row.runs if run.status == "failed"] == ["fail"]
    assert "the table does not say on which split f1 was measured (--split NAME)" in found.read


def test_pruned_trials_are_left_out_and_waiting_ones_are_missing(database: Path):
    """A value of another length is no score; what was enqueued and did not run is a missing run of its parameters."""
    found = assemble(read_optuna(f"sqlite:///{database}", study="one"), Asked(study="one"))
    waiting = [(row.label, run.reason) for row in found.table.rows for run in row.runs if run.status == "missing"]

    assert found.read[1].startswith("1 pruned trial was left out: stopped early at step 7 or later")
    assert waiting == [("x=0.75", "waiting")]
    assert found.table.metrics["value"].direction == "minimize"
    assert "trial 2" not in {run.id for row in found.table.rows for run in row.runs}


def test_a_database_is_not_touched(database: Path):
    """Neither its bytes nor its time change, and no file is left beside it; it may be read-only."""
    database.chmod(0o444)
    before = (database.read_bytes(), database.stat().st_mtime_ns)
    read_optuna(f"sqlite:///{database}", study="one")

    assert (database.read_bytes(), database.stat().st_mtime_ns) == before
    assert list(database.parent.iterdir()) == [database]


def test_what_another_program_wrote_last_is_read_and_left_to_it(made: Path, tmp_path: Path):
    """A database with a write-ahead log: the log is read, and not merged into the file."""
    writer = sqlite3.connect(shutil.copy(made, tmp_path / "open.db"))
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("UPDATE studies SET study_name = 'renamed' WHERE study_name = 'one'")
    writer.commit()
    for suffix in ("", "-wal"):
        shutil.copy(tmp_path / f"open.db{suffix}", tmp_path / f"left.db{suffix}")
    writer.close()
    before = (tmp_path / "left.db").read_bytes()
    frame = read_optuna(f"sqlite:///{tmp_path}/left.db", study="renamed")

    assert frame.name == "renamed"
    assert (tmp_path / "left.db").read_bytes() == before


def test_the_study_is_named_where_there_are_several(database: Path):
    """The message lists them; a near miss is suggested."""
    url = f"sqlite:///{database}"

    assert refusal(url) == f"{database}: holds several studies: both, one\n    name one: --study NAME"
    assert refusal(url, "bot").endswith("must hold the study bot; it holds both, one\n    did you mean both?")


def test_an_unknown_version_is_refused(database: Path):
    """The tables of another Optuna are not guessed at."""
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'v9.9.9.a'")

    assert refusal(f"sqlite:///{database}", "one").startswith(
        f"{database}: must have tables of the versions v3.0.0.d or v3.2.0.a; got v9.9.9.a, written by Optuna "
    )


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE trial_params SET distribution_json = '{'",
         "must hold rows as Optuna writes them; got JSONDecodeError"),
        ("UPDATE trial_params SET distribution_json = '{\"name\": \"Odd\"}'",
         "must have a distribution that Optuna has; got Odd"),
        ("DELETE FROM study_directions", "must say of every objective whether it is minimized or maximized"),
        ("DELETE FROM studies", "must hold a study; it holds none"),
    ],
)  # fmt: skip
def test_a_damaged_database_is_refused(database: Path, statement: str, message: str):
    """One message with the place, whatever is wrong inside."""
    with sqlite3.connect(database) as connection:
        connection.execute(statement)

    assert message in refusal(f"sqlite:///{database}", "" if "studies" in statement else "one")


def test_what_is_no_optuna_database_is_refused(tmp_path: Path):
    """No file, a file of another kind, other tables, a ledger, a URL that is none."""
    text, other, ledger = tmp_path / "text.db", tmp_path / "other.db", tmp_path / "ledger.sqlite"
    text.write_text("not a database at all" * 99)
    for file, table in ((other, "stuff"), (ledger, "runs")):
        with sqlite3.connect(file) as connection:
            connection.execute(f"CREATE TABLE {table} (a)")

    assert f"must name a file; there is no {tmp_path}/gone.db" in refusal(f"sqlite:///{tmp_path}/gone.db")
    assert refusal(f"sqlite:///{text}").startswith(
        f"{text}: must be a database that can be read; got file is not a database"
    )
    assert f"{other}: must be an Optuna database; its tables are stuff" in refusal(f"sqlite:///{other}")
    assert "a ledger is audited by the folder of its book" in refusal(f"sqlite:///{ledger}")
    assert "must be of a known kind of database; got nosql" in refusal("nosql://here/there")
    assert not (tmp_path / "gone.db").exists()
