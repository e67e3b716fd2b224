"""CSV files of runs: as programs export them, as people keep them, and what is wrong with them."""

from pathlib import Path

import pytest

from tunebook.errors import DataError
from tunebook.foreign import Asked, Foreign, assemble, read_csv


def written(folder: Path, *lines: str, name: str = "runs.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


def read(path: Path, **asked: object) -> Foreign:
    return assemble(read_csv(path), Asked(**asked))  # type: ignore[arg-type]


def scores(found: Foreign) -> dict[str, list[tuple[dict[str, int], dict[tuple[str, str], float]]]]:
    """Label and case of each row -> replicate and scores of its runs."""
    return {
        " | ".join(filter(None, [row.label, row.case.label])): [
            (dict(run.replicate), dict(run.scores)) for run in row.runs if run.id
        ]
        for row in found.table.rows
    }


def refusals(path: Path, **asked: object) -> list[str]:
    """What is wrong, without the path of the file."""
    with pytest.raises(DataError) as refused:
        read(path, **asked)
    return [str(problem).replace(str(path), path.name) for problem in refused.value.problems]


def test_a_table_kept_by_hand(tmp_path: Path):
    """Parameters, seed and scores by their names; what is the same everywhere varies nothing; empty cells are holes."""
    path = written(
        tmp_path,
        "lr,optimizer,seed,f1 (val),f1 (test)",
        "0.1,adam,0,0.8,0.7",
        "1e-1,adam,1,0.82,",
        "0.2,adam,0,-,-",
        "0.2,adam,1,failed,failed",
    )
    found = read(path)
    holes = [(run.status, run.reason) for run in found.table.rows[1].runs]

    assert scores(found) == {
        "lr=0.1": [({"seed": 0}, {("f1", "val"): 0.8, ("f1", "test"): 0.7}), ({"seed": 1}, {("f1", "val"): 0.82})],
        "lr=0.2": [({"seed": 0}, {}), ({"seed": 1}, {})],
    }
    assert holes == [("missing", "no score in the table"), ("failed", "failed")]
    assert (found.table.select_metric, found.table.select_split, found.table.splits) == ("f1", "val", ("test",))
    assert found.table.parameters == ("lr",)
    assert found.table.rows[0].runs[1].reasons == {("f1", "test"): "empty in the table"}


def test_what_was_guessed_is_said(tmp_path: Path):
    """One sentence on each guess, with the option that changes it."""
    path = written(tmp_path, "name,lr,wd,seed,val_f1,val_loss", "a,0.1,0,0,0.8,0.1", "b,0.2,0,0,0.7,0.2")

    assert read(path).read == (
        f"read: 2 runs of 2 configurations from {path}",
        "parameters: lr; the same everywhere: wd (--ignore to leave one out)",
        "replicates: seed (--seed to change)",
        "chosen by: f1 on val, higher is better (--metric, --minimize, --maximize to change)",
        "reported: no score of a split that is kept for it",
        "without meaning here: name (--parameter, --metric, --seed or --case to use one)",
    )


def test_a_person_says_otherwise(tmp_path: Path):
    """Options go before every guess: metric and its direction, seeds, cases, parameters, what to leave out."""
    path = written(
        tmp_path, "run,loss,dataset,gpu_mem,trial,quality", "1,0.5,a,11,x,3", "2,0.5,a,12,y,4", "1,0.5,b,13,x,5"
    )
    found = read(
        path,
        metric=("quality",),
        minimize=("quality",),
        seed=("trial",),
        parameter=("run",),
        ignore=("gpu_mem", "loss"),
    )

    assert scores(found) == {
        "run=1 | dataset=a": [({"trial": 0}, {("quality", "unstated split"): 3.0})],
        "run=2 | dataset=a": [({"trial": 1}, {("quality", "unstated split"): 4.0})],
        "run=1 | dataset=b": [({"trial": 0}, {("quality", "unstated split"): 5.0})],
        "run=2 | dataset=b": [],
    }
    assert found.table.metrics["quality"].direction == "minimize"


def test_mlflow_and_wandb_mark_their_columns(tmp_path: Path):
    """`params.`, `metrics.`, `tags.` are what they say; W&B's mappings are unfolded; states are read."""
    mlflow = written(
        tmp_path,
        "run_id,status,start_time,metrics.val_f1,params.lr,params.seed,tags.mlflow.user",
        "x1,FINISHED,2025-01-01,0.8,0.1,3,me",
        "x2,FAILED,2025-01-01,,0.2,3,me",
        name="mlflow.csv",
    )
    wandb = written(
        tmp_path,
        ",summary,config,name",
        "0,\"{'val_f1': 0.8, '_step': 9}\",\"{'lr': 0.1, 'seed': 3}\",sleek-1",
        '1,"{""val_f1"": NaN}","{""lr"": 0.2, ""seed"": 3}",sleek-2',
        name="wandb.csv",
    )
    same = {"lr=0.1": [({"seed": 3}, {("f1", "val"): 0.8})], "lr=0.2": [({"seed": 3}, {})]}

    assert scores(read(mlflow)) == scores(read(wandb)) == same
    assert [row.runs[0].status for row in read(mlflow).table.rows] == ["finished", "failed"]
    assert read(wandb).table.rows[1].runs[0].reason == "not a finite number"


def test_optunas_data_frame(tmp_path: Path):
    """`value` needs a direction, pruned trials are left out and named, seeds are among the user attributes."""
    path = written(
        tmp_path,
        ",number,value,datetime_start,params_lr,user_attrs_seed,user_attrs_host,state",
        "0,0,0.8,2025,0.1,0,a,COMPLETE",
        "1,1,0.2,2025,0.1,1,a,PRUNED",
        "2,2,0.7,2025,0.2,0,a,COMPLETE",
        "3,3,,2025,0.2,1,a,RUNNING",
    )
    found = read(path, maximize=("value",))

    assert refusals(path) == [
        "runs.csv: nothing tells whether value is better when it is high or low\n"
        "    --maximize 'value' or --minimize 'value' (or --parameter, --ignore)"
    ]
    assert [len(row.runs) for row in found.table.rows] == [1, 2]
    assert found.read[1] == "1 pruned run left out: stopped early, so the score is that of another length"


@pytest.mark.parametrize(
    "lines", [["a;seed;val_f1", "1,5;0;0,8", "2,5;0;0,7"], ["a\tseed\tval_f1", "1.5\t0\t0.8", "2.5\t0\t0.7"]]
)
def test_the_separator_is_found(tmp_path: Path, lines: list[str]):
    """Semicolons with decimal commas, as spreadsheets write them, and tabs."""
    found = read(written(tmp_path, *lines))

    assert [run.scores for row in found.table.rows for run in row.runs] == [{("f1", "val"): 0.8}, {("f1", "val"): 0.7}]


def test_without_seeds_equal_lines_are_counted(tmp_path: Path):
    """Repetitions are told apart by their order, and that is said."""
    found = read(written(tmp_path, "lr,val_f1", "0.1,0.8", "0.2,0.7", "0.1,0.9"))

    assert [[dict(run.replicate) for run in row.runs] for row in found.table.rows] == [
        [{"run": 0}, {"run": 1}],
        [{"run": 0}],
    ]
    assert found.read[2].startswith("replicates: no column tells them apart")


def test_one_seed_twice_is_a_repeat(tmp_path: Path):
    """Two lines of one configuration under one seed are numbered, in the order of the table."""
    found = read(written(tmp_path, "lr,seed,val_f1", "0.1,7,0.8", "0.1,7,0.9", "0.2,7,0.9"))

    assert [(run.id, run.repeat) for run in found.table.rows[0].runs] == [("line 2", 0), ("line 3", 1)]


def test_the_points_that_a_grid_implies(tmp_path: Path):
    """What is not in the table is a missing run; constraints take points out; scattered points imply no others."""
    grid = [f"{a},{r},0,0.5" for a in (1, 2, 4) for r in (1, 2, 4) if (a, r) not in ((4, 1), (1, 4), (2, 4))]
    path = written(tmp_path, "alpha,rank,seed,val_f1", *grid)
    whole, bounded = read(path), read(path, where=("0.5 <= alpha / rank <= 2",))
    scattered = read(written(tmp_path, "alpha,rank,seed,val_f1", "1,1,0,0.5", "2,2,0,0.5", "3,3,0,0.5", name="s.csv"))

    assert [row.label for row in whole.table.rows if row.runs[0].status == "missing"] == [
        "alpha=1 rank=4", "alpha=2 rank=4", "alpha=4 rank=1",
    ]  # fmt: skip
    assert [row.label for row in bounded.table.rows if row.runs[0].status == "missing"] == ["alpha=2 rank=4"]
    assert [each.reason for each in bounded.table.excluded] == ["0.5 <= alpha / rank <= 2"] * 2
    assert len(scattered.table.rows) == 3


def test_a_search_implies_no_points(tmp_path: Path):
    """Neither Optuna's data frame nor its database is a grid with holes, unless constraints say that it is one."""
    lines = ("params_a,params_b,val_f1", "1,1,0.5", "1,2,0.6", "2,1,0.7")
    path = written(tmp_path, *lines)

    assert len(read(path).table.rows) == 3
    assert len(read(path, where=("a + b > 0",)).table.rows) == 4


def test_scored_items_thresholds_and_devices(tmp_path: Path):
    """A number of items is held against the largest; a threshold belongs to the split in its name."""
    path = written(
        tmp_path,
        "lr,seed,val_f1,test_f1,test_n,test_threshold,gpu",
        "0.1,0,0.8,0.8,40,0.3,A100",
        "0.2,0,0.8,0.8,38,0.4,T4",
    )
    first, second = (row.runs[0] for row in read(path).table.rows)

    assert (first.counts, second.counts) == ({("f1", "test"): (40, 40)}, {("f1", "test"): (38, 40)})
    assert [(each.split, each.values) for each in second.settings] == [("test", {"threshold": 0.4})]
    assert [first.provenance, second.provenance] == [{"device name": "A100"}, {"device name": "T4"}]


def test_several_studies_in_one_file(tmp_path: Path):
    """One is named; the best of another that is run here too is its control."""
    path = written(
        tmp_path,
        "stage,lr,seed,val_f1",
        "first,0.1,0,0.9", "first,0.1,1,0.92", "first,0.2,0,0.5", "first,0.2,1,0.5",
        "second,0.1,2,0.7", "second,0.1,3,0.7", "second,0.3,2,0.6", "second,0.3,3,0.6",
    )  # fmt: skip
    (control,) = read(path, study="second").table.controls

    assert refusals(path) == [
        "runs.csv: holds several studies, by its column stage: first, second\n"
        "    name one: --study NAME (or --ignore stage)"
    ]
    assert refusals(path, study="secnd") == [
        "--study: must be one of first, second; got secnd\n    did you mean second?"
    ]
    assert (control.study, control.label) == ("first", "lr=0.1")
    assert [run.scores["f1", "val"] for run in control.before[0].runs] == [0.9, 0.92]
    assert {run.role for run in control.here[0].runs} == {"control"}


def test_the_configuration_that_was_chosen(tmp_path: Path):
    """Values that single one out; values that no row has make a decision that is not among the rows."""
    path = written(tmp_path, "lr,drop,seed,val_f1", "0.1,0,0,0.8", "0.2,0,0,0.7", "0.1,0.5,0,0.6")
    found, gone = read(path, chosen="lr=0.2").table, read(path, chosen="lr=0.3").table

    assert found.decision is not None
    assert (found.decision.label, found.decision.score) == ("lr=0.2 drop=0", 0.7)
    assert gone.decision is not None
    assert gone.decision.configuration not in {row.configuration for row in gone.rows}
    assert refusals(path, chosen="lr=0.1") == [
        "--chosen: must single one configuration out; these have lr=0.1: lr=0.1 drop=0, lr=0.1 drop=0.5"
    ]
    assert refusals(path, chosen="rate=1") == [
        "--chosen: must give values of parameters that vary: lr, drop; got rate=1\n    lr=0.1 dropout=0.5"
    ]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([""], "runs.csv: must have a line of column names; it is empty"),
        (["lr,val_f1"], "runs.csv: must have a line for each run; it has only the line of names"),
        (["lr,lr,val_f1", "1,1,1"], "runs.csv:1: must name each column once; lr is there twice"),
        (["lr,val_f1", "1,0.5,7", "2"], "runs.csv:2: must have 2 cells, as the first line has; got 3"),
        (["lr,val_f1", "1,0.5", "2"], "runs.csv:3: must have 2 cells, as the first line has; got 1"),
        (["lr,val_f1", '1,"0.5'], "runs.csv:2: must be a line of CSV; got unexpected end of data"),
        (["lr,val_f1", "1,0.9 ± 0.1 (n=3)"],
         "runs.csv:2, val_f1: must be the score of one run; got the summary '0.9 ± 0.1 (n=3)'"),
        (["lr,state,val_f1", "1,odd,0.5"],
         "runs.csv:2: the state must be one of finished, failed, running or pruned; got odd"),
        (["lr,state,val_f1", "1,pruned,0.5"], "runs.csv: must hold a run that was not pruned; all were"),
        (["lr,seed", "1,0"], "runs.csv: must have a column of scores; its columns are lr, seed"),
        (["lr,val_f1,f1 (val)", "1,0.5,0.5"], "runs.csv: val_f1 and f1 (val) are both f1 on val"),
        (["lr,summary", "1,{broken}"], "runs.csv:2: summary must be a mapping that can be read; got {broken}"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_its_line(tmp_path: Path, lines: list[str], message: str):
    """One clear message says where, what it must be and what it is; the file stays as it was."""
    path = written(tmp_path, *lines)
    before = path.read_bytes()

    assert refusals(path)[0].splitlines()[0] == message
    assert path.read_bytes() == before


def test_a_file_that_is_no_text_is_refused(tmp_path: Path):
    """A spreadsheet under the name of a CSV file."""
    path = tmp_path / "runs.csv"
    path.write_bytes(b"PK\x03\x04\xff\xfe")

    assert refusals(path) == [
        "runs.csv: must be text in UTF-8; byte 4 is not\n    save it as CSV in UTF-8; a spreadsheet is no CSV file"
    ]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"metric": ("vall_f1",)},
         "--metric: must be a column of the table: lr, seed, val_f1; got vall_f1\n    did you mean val_f1?"),
        ({"seed": ("lr",), "ignore": ("lr",)}, "--ignore: lr is also given as --seed\n    say it once"),
        ({"minimize": ("val_f1",), "maximize": ("val_f1",)},
         "--minimize: val_f1 is also given as --maximize\n    say it once"),
        ({"study": "b"}, "--study: must be runs: the table has no column that tells studies apart; got b"),
        ({"where": ("lr",)}, "--where: must be a comparison such as 0.25 <= adapter.alpha / adapter.rank <= 8"),
        ({"where": ("rank < 3",)}, "--where: must name parameters that vary: lr; got rank"),
    ],
)  # fmt: skip
def test_a_wrong_option_is_refused(tmp_path: Path, asked: dict[str, object], message: str):
    """The message names the option, and what may have been meant."""
    path = written(tmp_path, "lr,seed,val_f1", "1,0,0.5", "2,0,0.6")

    assert refusals(path, **asked)[0].startswith(message)


def test_many_mistakes_are_told_in_few_lines(tmp_path: Path):
    """The first ten, and how many more there are."""
    found = refusals(written(tmp_path, "lr,val_f1", *["9,0.5"] * 30, *["9,good"] * 30))

    assert len(found) == 11
    assert found[-1] == "and 20 more like these"


def test_a_direction_holds_on_every_split(tmp_path: Path):
    """What is said of one column is so of its metric; it does not make that metric the one of the choice."""
    path = written(tmp_path, "lr,seed,test_gap,val_f1,val_gap", "1,0,3,0.5,2", "2,0,4,0.6,3")
    table = read(path, minimize=("val_gap",)).table

    assert table.metrics["gap"].direction == "minimize"
    assert (table.select_metric, table.report, table.splits) == ("f1", ("gap",), ("test",))


def test_the_choice_is_made_by_what_is_named_first(tmp_path: Path):
    """`--metric`, then what the table calls its objective, then a score on validation before one that is reported."""
    path = written(tmp_path, "lr,test_acc,val_loss,val_acc,objective", "1,0.5,0.1,0.4,7", "2,0.6,0.2,0.5,8")
    asked: list[dict[str, tuple[str, ...]]] = [
        {"metric": ("test_acc",), "maximize": ("objective",)},
        {"maximize": ("objective",)},
        {"ignore": ("objective",)},
    ]
    chosen = [(table.select_metric, table.select_split) for table in (read(path, **each).table for each in asked)]

    assert chosen == [("acc", "test"), ("objective", "unstated split"), ("acc", "val")]
