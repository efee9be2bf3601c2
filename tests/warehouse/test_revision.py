"""What changed between vintages, on made-up files of three kinds of confidentiality."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from warehouse.cache import ReadCache
from warehouse.contract import Column, Contract, TotalRows, load_marks
from warehouse.landing import FoundFile
from warehouse.loading import LoadedFile, PublishedFile, _overwritten, load
from warehouse.readers import LandingFile, ReadResult
from warehouse.revision import record_revisions
from warehouse.store import open_build, record_files, start_build, write_raw_table
from warehouse.values import Marks

RUN = {"run_id": "synthetic", "input_fingerprint": "synthetic", "meraukla_version": "0", "duckdb_version": "0"}
CONTRACT = Contract(
    source="synthetic",
    table="learner_count",
    grain="One row a synthetic school and stage.",
    key=("school", "stage"),
    columns=(
        Column(name="school", description="Synthetic."),
        Column(name="stage", description="Synthetic."),
        Column(name="share_printed", type="printed", is_range_accepted=True, description="Synthetic."),
        Column(name="learner_count", type="count", description="Synthetic."),
        Column(name="remark", optional=True, description="Synthetic."),
    ),
    total_rows=TotalRows(column="school", values=("Kopā",)),
)
HEADER = "school,stage,share_printed,learner_count,remark\n"
DAYS = [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)]
EARLIER = """\
A,pii,"4,5 %",10,
A,basic,1:10,20,old
B,pii,Nav mērīts,5,
B,,3 %,7,
Kopā,,,42,
Kopā,,,41,
"""
LATER = """\
B,,3 %,7,
A,basic,1:12,20,
A,pii,4.5 %,11,
C,pii,,3,new
Kopā,,,999,
"""


def found(folder: Path, day: date, content: str, contract: Contract, ending: str = ".csv") -> FoundFile:
    path = folder / str(day) / f"learner_count{ending}"
    path.parent.mkdir(exist_ok=True)
    path.write_text(content, "utf-8")
    return FoundFile(LandingFile(path, f"synthetic/synthetic/{day}/{path.name}", "synthetic", day), contract)


def loaded(folder: Path, contents: Sequence[str], contract: Contract = CONTRACT) -> list[LoadedFile]:
    files = [found(folder, day, content, contract) for day, content in zip(DAYS, contents, strict=False)]
    return load(files, contract, load_marks(), ReadCache(folder / "cache"), {})


def revisions(folder: Path, files: list[LoadedFile], contract: Contract, columns: str) -> list[tuple[Any, ...]]:
    build = folder / "build.duckdb"
    start_build(build, RUN)
    with open_build(build) as connection:
        write_raw_table(connection, contract, files)
        record_files(connection, contract, files)
        for _ in range(2):
            record_revisions(connection, contract, files)
        return connection.execute(f"select {columns} from audit.revision order by all").fetchall()


def test_each_cell_that_differs_is_listed_by_the_key_of_its_row(tmp_path: Path) -> None:
    files = loaded(tmp_path, [HEADER + EARLIER, HEADER + LATER])
    assert revisions(tmp_path, files, CONTRACT, "kind, row_key, column_name, old_value, new_value, cell_count") == [
        ("added", "C · pii", "learner_count", None, "3", 1),
        ("added", "C · pii", "remark", None, "new", 1),
        ("changed", "A · basic", "remark", "old", None, 1),
        ("changed", "A · basic", "share_printed", "1:10", "1:12", 1),
        # No change: 4,5 % and 4.5 %, a row that stands elsewhere, one whose key is partly blank, totals.
        ("changed", "A · pii", "learner_count", "10", "11", 1),
        ("removed", "B · pii", "learner_count", "5", None, 1),
        ("removed", "B · pii", "share_printed", "Nav mērīts", None, 1),
    ]


def test_each_vintage_is_compared_with_the_one_before_it(tmp_path: Path) -> None:
    contents = [f"{HEADER}A,pii,,{count},\n" for count in (1, 2, 1)]
    files = loaded(tmp_path, contents)
    assert revisions(tmp_path, files, CONTRACT, "vintage_from, vintage_to, old_value, new_value") == [
        (DAYS[0], DAYS[1], "1", "2"),
        (DAYS[1], DAYS[2], "2", "1"),
    ]
    assert [file.superseded_on for file in files] == [DAYS[1], DAYS[2], None]


def test_the_same_content_in_another_form_is_no_revision(tmp_path: Path) -> None:
    files = [
        found(tmp_path, DAYS[0], HEADER + EARLIER, CONTRACT),
        found(tmp_path, DAYS[1], (HEADER + EARLIER).replace('"4,5 %"', "4.5 %").replace(",", ";"), CONTRACT, ".txt"),
    ]
    read = load(files, CONTRACT, load_marks(), ReadCache(tmp_path / "cache"), {})
    assert [file.result.rows_quarantined for file in read] == [0, 0]
    assert [file.superseded_on for file in read] == [DAYS[1], None]
    assert revisions(tmp_path, read, CONTRACT, "*") == []


def test_of_a_table_of_respondents_no_revision_is_told(tmp_path: Path) -> None:
    contract = CONTRACT.model_copy(update={"confidentiality": "respondent"})
    assert revisions(tmp_path, loaded(tmp_path, [HEADER + EARLIER, HEADER + LATER], contract), contract, "*") == []


def test_of_a_table_with_small_counts_only_the_number_of_cells_is_told(tmp_path: Path) -> None:
    contract = CONTRACT.model_copy(update={"confidentiality": "small_cells"})
    files = loaded(tmp_path, [HEADER + EARLIER, HEADER + LATER], contract)
    assert revisions(tmp_path, files, contract, "kind, row_key, column_name, old_value, new_value, cell_count") == [
        ("added", None, "learner_count", None, None, 1),
        ("added", None, "remark", None, None, 1),
        ("changed", None, "learner_count", None, None, 1),
        ("changed", None, "remark", None, None, 1),
        ("changed", None, "share_printed", None, None, 1),
        ("removed", None, "learner_count", None, None, 1),
        ("removed", None, "share_printed", None, None, 1),
    ]


def test_a_row_that_is_all_key_comes_and_goes_as_a_whole(tmp_path: Path) -> None:
    contract = CONTRACT.model_copy(update={"columns": CONTRACT.columns[:2], "total_rows": None})
    files = loaded(tmp_path, ["school,stage\nA,pii\nB,pii\n", "school,stage\nB,pii\nC,pii\n"], contract)
    assert revisions(tmp_path, files, contract, "kind, row_key, column_name, old_value, new_value") == [
        ("added", "C · pii", None, None, None),
        ("removed", "A · pii", None, None, None),
    ]


def test_a_file_that_cannot_be_read_replaces_nothing(tmp_path: Path) -> None:
    files = loaded(tmp_path, [HEADER + EARLIER, "other,header\n1,2\n", HEADER + LATER])
    assert [file.superseded_on for file in files] == [DAYS[2], None, None]
    assert {row[0] for row in revisions(tmp_path, files, CONTRACT, "vintage_from")} == {DAYS[0]}


def test_a_file_that_the_system_does_not_give_out_keeps_the_others_not_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [found(tmp_path, day, HEADER + EARLIER, CONTRACT) for day in DAYS[:2]]
    read = ReadCache.read

    def refuse(self: ReadCache, file: LandingFile, *arguments: Contract | Marks) -> ReadResult:
        if file.vintage == DAYS[1]:
            raise PermissionError(13, "Permission denied")
        return read(self, file, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(ReadCache, "read", refuse)
    first, second = load(files, CONTRACT, load_marks(), ReadCache(tmp_path / "cache"), {})
    assert first.result.accepted.num_rows == 6
    assert (second.result.is_rejected_whole, second.result.accepted.num_rows) == (True, 0)
    assert "Permission denied" in second.result.rejections[0].message("en")
    assert first.superseded_on is None


def test_a_file_overwritten_in_place_is_known_until_it_is_published_under_another_day(tmp_path: Path) -> None:
    file = found(tmp_path, DAYS[0], HEADER + EARLIER, CONTRACT)

    def load_with(*known: object) -> LoadedFile:
        published = {file.file.name: PublishedFile(*known)} if known else {}  # type: ignore[arg-type]
        (only,) = load([file], CONTRACT, load_marks(), ReadCache(tmp_path / "cache"), published)
        return only

    sha256 = load_with().result.sha256
    assert [
        (only.overwritten_sha256, only.is_new)
        for only in (
            load_with(),
            load_with(DAYS[0], sha256, None),
            load_with(DAYS[0], "another", None),
            load_with(DAYS[0], sha256, "another"),
            load_with(DAYS[1], "another", None),
        )
    ] == [(None, True), (None, False), ("another", True), ("another", False), (None, True)]


def test_a_mapping_overwritten_in_place_is_noticed_like_its_export() -> None:
    file = LandingFile(Path("synthetic.csv"), "synthetic.csv", "synthetic", DAYS[0])
    result = ReadResult(file, "export", CONTRACT.schema.empty_table(), mapping_sha256="mapping")
    assert [
        _overwritten(result, PublishedFile(*known))  # type: ignore[arg-type]
        for known in (
            (DAYS[0], "export", None, "mapping"),
            (DAYS[0], "export", None, "another mapping"),
            (DAYS[0], "another export", None, "another mapping"),
            (DAYS[0], "export", "another", "mapping"),
            (DAYS[1], "export", None, "another mapping"),
        )
    ] == [None, "another mapping", "another export", "another", None]
