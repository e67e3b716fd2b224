"""A study as CSV, Parquet and LaTeX."""

import io
import re
from dataclasses import replace
from pathlib import Path

import polars
import pytest
from study_tables import AIS, BOX, a_row, a_run, a_table, failed, missing, scaling

from tunebook.analyse import decide, leaderboard
from tunebook.records import Case, Control, Costs, Overruling, Settings, Table
from tunebook.report.exporting import csv, latex, long, parquet

HERE = Path(__file__).resolve().parent
TEXT = 'a & b_1 100% #2 $x {y} ~z ^w \\ <v> [q, v] * "u" ±'


@pytest.fixture(scope="module")
def lora(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """A study with every kind of trouble."""
    return scaling(tmp_path_factory.mktemp("lora"), values=(1, 2, 4))


def small(**facts: object) -> Table:
    """Two configurations, one of which failed at a seed."""
    run = a_run(0, val=0.5, test=0.25, counts={(AIS, "val"): (2, 3)}, items={(AIS, "val"): {"x": 0.25, "y": 0.75}})
    run = replace(
        run, settings=(Settings("ais", "val", AIS, {"foreground": 0.5}),), quantities={"trainable_parameters": 7.0},
        costs=Costs(1.5, 2.5, 800.0),
    )  # fmt: skip
    return a_table(
        a_row("one", run, parameters={"adapter.rank": 1, "dropout": None}),
        a_row("two", failed(0, "diverged: the loss is nan"), parameters={"adapter.rank": 2, "dropout": 0.5}),
        **facts,
    )


def cells(table: Table, *names: str, **options: bool) -> list[tuple[object, ...]]:
    found = {column.name: column.values for column in long(table, **options).columns}
    return list(zip(*(found[name] for name in names), strict=True))


def test_a_row_for_each_run_metric_and_split():
    """With what was chosen by first; a run without a value has its reason; costs in seconds and GB."""
    assert cells(small(), "label", "metric", "split", "value", "n", "expected", "status", "reason") == [
        ("one", AIS, "val", 0.5, 2, 3, "finished", None),
        ("one", AIS, "test", 0.25, None, None, "finished", None),
        ("two", AIS, "val", None, None, None, "failed", "diverged: the loss is nan"),
        ("two", AIS, "test", None, None, None, "failed", "diverged: the loss is nan"),
    ]
    assert cells(small(), "settings", "trainable_parameters", "seconds", "peak_memory_gb")[0] == (
        '{"foreground":0.5}', 7, 1.5, 0.8,
    )  # fmt: skip


def test_the_columns_are_those_of_the_page_on_exports(lora):
    """Their order is written down in docs/export.md; costs can be left out; names never collide."""
    page = (HERE.parent.parent / "docs" / "export.md").read_text().partition("`--format onnx`")[0]
    documented = re.findall(r"^\| `([\w.]+)`", page, re.MULTILINE)
    names = [column.name for column in long(lora).columns]
    twins = a_table(a_row("a", a_run(0), parameters={"value": 1, "seed": 2, "lr": 3}))

    assert names == [*documented[:4], *lora.parameters, *documented[4:]]
    assert [column.name for column in long(lora, without_costs=True).columns] == names[:-3]
    assert [column.name for column in long(twins).columns][4:7] == ["parameter.value", "parameter.seed", "lr"]


def test_items_come_after_their_aggregate():
    """Only when asked for; an item has n = 1."""
    assert len(long(small())) == 4
    assert cells(small(), "item", "value", "n", items=True)[:4] == [
        (None, 0.5, 2), ("x", 0.25, 1), ("y", 0.75, 1), (None, 0.25, None),
    ]  # fmt: skip


def test_every_role_is_told_apart():
    """Repeats and runs on fresh seeds are there, and controls of another study's decision; its own runs are not."""
    row = a_row("a", a_run(0), a_run(0, repeat=1, role="noise"), a_run(5, role="confirm"), missing(6))
    control = Control("base", "b", AIS, "val", [a_row("b", a_run(0))], [a_row("b", a_run(1, role="control", repeat=1))])
    table = a_table(row, controls=[control], splits=("val",))

    assert cells(table, "label", "role", "repeat", "seed", "status") == [
        ("a", "search", 0, 0, "finished"), ("a", "search", 0, 0, "finished"),
        ("a", "noise", 1, 0, "finished"), ("a", "noise", 1, 0, "finished"),
        ("a", "confirm", 0, 5, "finished"), ("a", "confirm", 0, 5, "finished"),
        ("a", "search", 0, 6, "missing"), ("a", "search", 0, 6, "missing"),
        ("b", "control", 1, 1, "finished"), ("b", "control", 1, 1, "finished"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "kind", "written"),
    [
        ((1, 2), int, (1, 2)),
        ((1, 0.5), float, (1.0, 0.5)),
        ((True, False), bool, (True, False)),
        ((0.5, "learnable"), str, ("0.5", "learnable")),
        ((None, True, 1), str, (None, "true", "1")),
        ((None, None), str, (None, None)),
    ],
)
def test_a_column_holds_values_of_one_kind(values, kind, written):
    """Numbers stay numbers; beside a word everything is text; null and absent are empty."""
    rows = [a_row(str(at), a_run(0, test=None), parameters={"x": value}) for at, value in enumerate(values)]
    (column,) = [each for each in long(a_table(*rows, splits=(), report=())).columns if each.name == "x"]

    assert (column.kind, column.values) == (kind, written)


def test_equal_tables_give_equal_bytes_and_parquet_holds_what_the_csv_holds(lora):
    """Read back with the types of Parquet, the text of the CSV is the same table, to the last digit."""
    text, binary = csv(long(lora, items=True)), parquet(long(lora, items=True))
    frame = polars.read_parquet(io.BytesIO(binary))
    again = polars.read_csv(io.BytesIO(text), schema=frame.schema)

    assert text == csv(long(replace(lora), items=True))
    assert again.equals(frame)
    assert frame.height == len(long(lora, items=True)) > len(long(lora))
    assert frame.schema["value"] == polars.Float64
    assert frame.filter(polars.col("item").is_null() & polars.col("value").is_not_null()).height > 0


def test_text_in_a_csv_is_quoted_where_it_must_be():
    """Commas, quotes and lines inside a reason come back as they were."""
    reason = 'crashed: "a, b"\nc'
    text = csv(long(a_table(a_row("x", failed(0, reason)))))

    assert set(polars.read_csv(io.BytesIO(text))["reason"]) == {reason}


# LaTeX ----------------------------------------------------------------------------------------------------


def parsed(text: str) -> list[list[list[str]]]:
    """The cells of every tabular, row by row; fails where braces, environments or columns do not add up."""
    plain = re.sub(r"\\[\\{}]", lambda found: "  " if found[0] != r"\\" else r"\\", text)
    assert plain.count("{") == plain.count("}")
    assert re.findall(r"\\begin\{(\w+)\}", text) == ["table", "tabular"] * text.count(r"\begin{table}")
    tables = []
    for align, body in re.findall(r"\\begin\{tabular\}\{(\w+)\}(.*?)\\end\{tabular\}", text, re.DOTALL):
        assert [body.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 1, 1]
        lines = [line.strip() for line in body.splitlines() if line.strip().endswith(r"\\")]
        rows = [[cell.strip() for cell in re.split(r"(?<!\\)&", line.removesuffix(r"\\"))] for line in lines]
        assert {len(row) for row in rows} == {len(align)}
        tables.append(rows)
    return tables


def test_the_leaderboard_is_a_table_of_booktabs(lora):
    """Bold is what the page sets bold; the caption says rule, split, n, ± and bold; the decided row is marked."""
    text = latex(lora)
    (rows,) = parsed(text)
    bold = [cell.startswith(r"\textbf{") for row in rows[2:] for cell in row[1:-2]]
    caption = re.search(r"\\caption\{(.*)\}\n", text)[1]

    assert bold == [best for row in leaderboard(lora).rows for best in row.best]
    assert rows[2][:2] == [r"$\rightarrow$ full", r"\textbf{0.522 $\pm$ 0.005}"]
    for said in ("best-mean", "ais.msa on val", "n is the number of runs", "standard deviation", "Bold: ", r"$\pm$"):
        assert said in caption


def test_latex_sets_any_text_as_it_is():
    """Names that are commands, arguments or comments to LaTeX are escaped; there is one line for each row."""
    table = a_table(a_row(TEXT, a_run(0), a_run(1)), a_row("[b]\n*", a_run(0, val=0.1), failed(1)), study="a_b")
    (rows,) = parsed(latex(table))

    assert rows[2][0] == (
        r"a \& b\_1 100\% \#2 \$x \{y\} \textasciitilde{}z \textasciicircum{}w \textbackslash{} "
        r"\textless{}v\textgreater{} {[}q, v{]} {*} ''u'' $\pm$"
    )
    assert rows[3][0] == "{[}b{]} {*}"
    assert rows[3][1] == "0.100 (1 of 2 seeds: 1 diverged)"


def test_many_columns_become_a_table_for_each_case():
    """The choice first, then each case, as on the page; every table has its own label and caption."""
    rows = [
        a_row("a", a_run(0, scores={(AIS, "val"): -0.5, (AIS, "test"): 0.5, (BOX, "test"): 0.5}), case=Case({"c": c}))
        for c in "uvwxy"
    ]
    tables = latex(a_table(*rows, report=(AIS, BOX)))

    assert len(parsed(tables)) == 6
    assert re.findall(r"\\label\{(.*)\}", tables) == [f"tab:cells-{at}" for at in range(1, 7)]
    assert r"\textbf{$-$0.500}" in tables


def test_an_overruled_decision_says_so():
    """With the person, the day and the reason; without a decision the caption says that."""
    table = small()
    decision = replace(decide(table), overruled=Overruling("two", "two", 0.5, "cheaper & simpler", "Ann", "2030-01-31"))

    assert r"Overruled by Ann on 2030-01-31, in place of two: cheaper \& simpler." in latex(
        replace(table, decision=decision)
    )
    assert "Nothing is decided yet; the rule is best-mean of ais.msa on val." in latex(table)
