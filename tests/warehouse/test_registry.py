"""The methodology registry on synthetic files: each rule refuses its case by name, and a change is written whole."""

import csv
import inspect
import io
import os
import shutil
import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from warehouse import registry as registry_module
from warehouse.messages import MESSAGES_FILE
from warehouse.readers import Rejection
from warehouse.registry import (
    DECISIONS,
    DECLARATIONS,
    VERSIONS,
    RegistryError,
    check_registry,
    defining_columns,
    definition_hash,
    load_schema,
    next_period,
    previous_period,
    read_registry,
)

SEEDS = Path(__file__).parents[2] / "dbt_project" / "seeds"
VERSIONS_NAME, DECLARATIONS_NAME = f"seeds/strategy/{VERSIONS}", f"seeds/strategy/{DECLARATIONS}"
SERIES = "synthetic/01/total"

Row = dict[str, str]


def version(breakdown: str = "total", **cells: str) -> Row:
    row = dict.fromkeys(load_schema()[VERSIONS].column_names, "") | {
        "strategy_code": "synthetic",
        "indicator_no": "1",
        "breakdown": breakdown,
        "version_no": "1",
        "concept_lv": "karotes, sintētiskas",
        "concept_en": "spoons",
        "unit_code": "percent",
        "baseline_restated": "false",
        "targets_restated": "false",
        "documentation": "described",
        "evidence_document": "synthetic",
        "evidence_line": "1",
    }
    row |= cells
    return {**row, "definition_hash": row["definition_hash"] or definition_hash(row)}


def declaration(**cells: str) -> Row:
    return dict.fromkeys(load_schema()[DECLARATIONS].column_names, "") | {
        "strategy_code": "synthetic",
        "series_key": SERIES,
        "from_version_no": "1",
        "to_version_no": "2",
        "first_period": "2023/2024",
        "reason_code": "population",
        "bridge_code": "none",
        "declared_by": "steward",
        "evidence_document": "synthetic",
        "reason_lv": "Sintētisks iemesls.",
        "reason_en": "A synthetic reason.",
        **cells,
    }


def synthetic_versions() -> list[Row]:
    return [
        version(valid_to="2022/2023"),
        version(version_no="2", population="silver", valid_from="2023/2024", valid_to="2024/2025"),
        version(version_no="3", population="gold", valid_from="2025/2026"),
        version("forks"),
    ]


def synthetic_declarations() -> list[Row]:
    return [
        declaration(bridge_code="ratio", bridge_factor="1.25"),
        declaration(from_version_no="2", to_version_no="3", first_period="", bridge_code="recomputed"),
        declaration(series_key="synthetic/01/forks", from_version_no="", to_version_no="", first_period="2024/2025"),
    ]


@dataclass
class Seeds:
    """A folder of seeds to spoil: rows of the files, row 2 first."""

    folder: Path
    versions: list[Row] = field(default_factory=synthetic_versions)
    declarations: list[Row] = field(default_factory=synthetic_declarations)

    def path(self, file: str) -> Path:
        """Where a registry file lies."""
        return self.folder / "strategy" / file

    def write(self) -> None:
        """Write the rows to the files."""
        for file, rows in ((VERSIONS, self.versions), (DECLARATIONS, self.declarations)):
            self.path(file).write_bytes(to_csv(rows, load_schema()[file].column_names).encode())

    def findings(self) -> list[Rejection]:
        """Write the rows and judge the registry."""
        self.write()
        return read_registry(self.folder).validate()


def to_csv(rows: list[Row], columns: tuple[str, ...]) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@pytest.fixture
def seeds(tmp_path: Path) -> Seeds:
    """A registry in order: three versions, two declared steps, and a break known by its period alone."""
    folder = tmp_path / "seeds"
    shutil.copytree(SEEDS / "code_list", folder / "code_list")
    (folder / "strategy").mkdir()
    (folder / "strategy" / "series.csv").write_text(
        "strategy_code,indicator_no,breakdown\nsynthetic,1,total\nsynthetic,1,forks\n", "utf-8"
    )
    seeds = Seeds(folder)
    seeds.write()
    return seeds


# --- The registry of the repository ---


def test_the_registry_of_the_repository_is_in_order() -> None:
    check_registry(SEEDS)
    assert len(read_registry(SEEDS).rows(VERSIONS)) >= len(read_registry(SEEDS).series) > 0


@pytest.mark.parametrize("file", [VERSIONS, DECLARATIONS])
def test_the_schema_names_the_columns_of_the_file_in_its_order(file: str) -> None:
    with (SEEDS / "strategy" / file).open(encoding="utf-8", newline="") as lines:
        assert tuple(next(csv.reader(lines))) == load_schema()[file].column_names


@pytest.mark.parametrize("file", [VERSIONS, DECLARATIONS])
def test_dbt_loads_the_columns_with_the_types_of_the_schema(file: str) -> None:
    sql_types = {"integer": "integer", "number": "double", "boolean": "boolean", "date": "date"}
    seeds = yaml.safe_load((SEEDS / "strategy" / "_strategy__seeds.yml").read_text("utf-8"))["seeds"]
    (seed,) = (seed for seed in seeds if seed["name"] == Path(file).stem)
    expected = {column.name: sql_types.get(column.type, "varchar") for column in load_schema()[file].columns}
    assert seed["config"]["column_types"] == expected


def test_every_column_says_in_both_languages_what_it_means() -> None:
    columns = [column for file in load_schema().values() for column in file.columns]
    assert all(column.meaning("lv") and column.meaning("en") for column in columns)
    assert [column.name for column in columns if column.meaning("lv") == column.meaning("en")] == []


# --- Each rule: one case that is refused ---

Spoil = Callable[[Seeds], None]
Offence = tuple[str, Spoil, str, int, str]


def in_version(row: int, **cells: str) -> Spoil:
    def spoil(seeds: Seeds) -> None:
        seeds.versions[row - 2] |= cells

    return spoil


def resealed(row: int, **cells: str) -> Spoil:
    def spoil(seeds: Seeds) -> None:
        seeds.versions[row - 2] |= cells
        seeds.versions[row - 2]["definition_hash"] = definition_hash(seeds.versions[row - 2])

    return spoil


def in_declaration(row: int, **cells: str) -> Spoil:
    def spoil(seeds: Seeds) -> None:
        seeds.declarations[row - 2] |= cells

    return spoil


def without_declaration(row: int) -> Spoil:
    return lambda seeds: seeds.declarations.__delitem__(row - 2)


def with_version(**cells: str) -> Spoil:
    return lambda seeds: seeds.versions.append(version(**cells))


def with_declaration(**cells: str) -> Spoil:
    return lambda seeds: seeds.declarations.append(declaration(**cells))


V, D = VERSIONS_NAME, DECLARATIONS_NAME
# Rule → what spoils the registry, and where it must be found: file, row, column.
OFFENCES: list[Offence] = [
    ("required", resealed(3, concept_en=""), V, 3, "concept_en"),
    ("required", in_declaration(2, evidence_document=""), D, 2, "evidence_document"),
    ("untrimmed", resealed(3, population="silver "), V, 3, "population"),
    ("not_accepted", resealed(5, unit_code="spoonfuls"), V, 5, "unit_code"),
    ("not_accepted", in_version(2, desired_direction="sideways"), V, 2, "desired_direction"),
    ("not_accepted", in_version(2, targets_restated="yes"), V, 2, "targets_restated"),
    ("not_accepted", in_declaration(2, reason_code="whim"), D, 2, "reason_code"),
    ("not_accepted", in_declaration(3, bridge_code="rope"), D, 3, "bridge_code"),
    ("not_an_integer", in_version(4, version_no="3rd"), V, 4, "version_no"),
    ("not_an_integer", in_version(4, version_no="03"), V, 4, "version_no"),
    ("not_a_number", in_declaration(2, bridge_factor="1,25"), D, 2, "bridge_factor"),
    ("not_a_number", in_declaration(2, bridge_factor="inf"), D, 2, "bridge_factor"),
    ("not_a_number", in_declaration(2, bridge_factor="nan"), D, 2, "bridge_factor"),
    ("not_a_number", in_declaration(2, bridge_factor="1e999"), D, 2, "bridge_factor"),
    ("wrong_form", in_version(4, valid_from="2025/2027"), V, 4, "valid_from"),
    ("wrong_form", in_declaration(2, first_period="autumn"), D, 2, "first_period"),
    ("wrong_form", in_declaration(2, declared_on="2026-02-30"), D, 2, "declared_on"),
    ("duplicate_key", with_version(breakdown="forks"), V, 6, "strategy_code, indicator_no, breakdown, version_no"),
    ("unknown_series", with_version(breakdown="fork"), V, 6, "strategy_code, indicator_no, breakdown"),
    ("unknown_series", in_declaration(4, series_key="synthetic/01/fork"), D, 4, "series_key"),
    ("other_strategy", in_declaration(4, strategy_code="other"), D, 4, "strategy_code"),
    ("no_version", lambda seeds: seeds.versions.pop(), "seeds/strategy/series.csv", 3, "breakdown"),
    ("version_number", with_version(breakdown="forks", version_no="3"), V, 6, "version_no"),
    ("version_number", in_version(5, version_no="2"), V, 5, "version_no"),
    ("validity_start", in_version(2, valid_from="2020/2021"), V, 2, "valid_from"),
    ("validity_end", in_version(4, valid_to="2026/2027"), V, 4, "valid_to"),
    ("validity_open", in_version(2, valid_to=""), V, 2, "valid_to"),
    ("validity_reversed", in_version(3, valid_to="2022/2023"), V, 3, "valid_from"),
    ("validity_reversed", in_version(3, valid_to="2024"), V, 3, "valid_from"),
    ("validity_gap", in_version(3, valid_from="2024/2025"), V, 3, "valid_from"),
    ("validity_gap", in_version(3, valid_from="2022/2023"), V, 3, "valid_from"),
    ("definition_changed", in_version(3, population="copper"), V, 3, "definition_hash"),
    ("not_sealed", in_version(3, definition_hash=""), V, 3, "definition_hash"),
    ("break_not_declared", without_declaration(3), V, 4, "version_no"),
    ("break_without_place", in_declaration(4, first_period=""), D, 4, "first_period"),
    ("half_a_step", in_declaration(2, from_version_no=""), D, 2, "from_version_no"),
    ("unknown_version", in_declaration(3, to_version_no="4"), D, 3, "to_version_no"),
    ("not_neighbours", in_declaration(3, from_version_no="1"), D, 3, "to_version_no"),
    ("period_outside", in_declaration(2, first_period="2022/2023"), D, 2, "first_period"),
    ("period_outside", in_declaration(2, first_period="2025/2026"), D, 2, "first_period"),
    ("period_outside", in_declaration(2, first_period="2023"), D, 2, "first_period"),
    (
        "duplicate_break",
        with_declaration(from_version_no="", to_version_no="", first_period="2025/2026"),
        D,
        5,
        "first_period",
    ),
    ("factor_missing", in_declaration(2, bridge_factor=""), D, 2, "bridge_factor"),
    ("factor_missing", in_declaration(2, bridge_code="difference", bridge_factor=""), D, 2, "bridge_factor"),
    ("factor_zero", in_declaration(2, bridge_factor="0.0"), D, 2, "bridge_factor"),
    ("factor_not_wanted", in_declaration(3, bridge_factor="2"), D, 3, "bridge_factor"),
    ("factor_not_wanted", in_declaration(2, bridge_code="none"), D, 2, "bridge_factor"),
    ("bridge_without_versions", in_declaration(4, bridge_code="difference", bridge_factor="1"), D, 4, "bridge_code"),
]


def test_the_synthetic_registry_is_in_order(seeds: Seeds) -> None:
    assert seeds.findings() == []


@pytest.mark.parametrize("offence", OFFENCES, ids=[f"{rule}-{column}" for rule, _, _, _, column in OFFENCES])
def test_a_fault_is_found_where_it_is_and_told_in_both_languages(seeds: Seeds, offence: Offence) -> None:
    rule, spoil, *place = offence
    spoil(seeds)
    found = seeds.findings()
    (finding,) = (
        finding
        for finding in found
        if [finding.rule, finding.source_file, finding.row_number, finding.column_name] == [rule, *place]
    )
    for language in ("lv", "en"):
        assert all(str(fact) in finding.message(language) for fact in (*place, finding.value))


@pytest.mark.parametrize(
    "spoil",
    [
        in_declaration(2, first_period="2024/2025"),
        in_declaration(2, first_period=""),
        in_declaration(2, bridge_code="difference", bridge_factor="0"),
        in_declaration(2, bridge_code="difference", bridge_factor="-3.5"),
        in_declaration(2, bridge_factor="1e-3"),
        in_declaration(2, declared_on="2026-01-31", evidence_line="7"),
        in_version(5, desired_direction="down", targets_restated="true"),
        # What does not define the measure may be mended without a seal.
        in_version(2, concept_lv="dakšas", evidence_line="8"),
        # A definition that returns to an earlier one is another step, which is declared too.
        resealed(4, population=""),
        # The same definition under another version needs no break, but may have one.
        resealed(3, population=""),
    ],
)  # fmt: skip
def test_what_is_allowed_is_not_refused(seeds: Seeds, spoil: Spoil) -> None:
    spoil(seeds)
    assert seeds.findings() == []


def test_each_rule_of_the_registry_has_a_case() -> None:
    code = inspect.getsource(registry_module)
    rules = {name for name in yaml.safe_load(MESSAGES_FILE.read_text("utf-8")) if f'"{name}"' in code}
    # Of whole files and their rows: they have tests of their own.
    of_files = {"wrong_width", "missing_file", "changed_meanwhile"}
    assert {rule for rule, *_ in OFFENCES} == rules - of_files


def test_a_fault_in_a_cell_is_told_once_and_not_again_as_a_fault_across_rows(seeds: Seeds) -> None:
    in_version(3, version_no="two", valid_from="2023")(seeds)
    assert [finding.rule for finding in seeds.findings()] == ["not_an_integer"]


def test_all_faults_are_told_at_once_by_file_and_row(seeds: Seeds) -> None:
    in_declaration(2, bridge_factor="")(seeds)
    in_version(5, desired_direction="sideways")(seeds)
    in_version(3, population="copper")(seeds)
    assert [(finding.rule, finding.row_number) for finding in seeds.findings()] == [
        ("definition_changed", 3),
        ("not_accepted", 5),
        ("factor_missing", 2),
    ]


def test_a_definition_changed_in_place_is_told_with_the_hash_and_both_remedies(seeds: Seeds) -> None:
    in_version(3, population="copper")(seeds)
    (finding,) = seeds.findings()
    for language in ("lv", "en"):
        told = finding.message(language)
        assert definition_hash(seeds.versions[1]) in told
        assert "synthetic/01/total/v2" in told
        assert "meraukla method new" in told


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"strategy_code,series_key\n", "missing_column"),
        (b'"never closed', "unreadable_file"),
        (b"\xff\xfe", "unreadable_file"),
        (b"", "missing_column"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_finding_and_not_an_exception(
    seeds: Seeds, content: bytes, rule: str
) -> None:
    seeds.path(DECLARATIONS).write_bytes(content)
    findings = read_registry(seeds.folder).validate()
    assert rule in {finding.rule for finding in findings if finding.source_file == DECLARATIONS_NAME}


def test_a_missing_file_is_a_finding_unless_no_decision_was_taken_yet(seeds: Seeds) -> None:
    seeds.path(DECLARATIONS).unlink()
    assert not seeds.path(DECISIONS).exists()
    missing = [finding for finding in read_registry(seeds.folder).validate() if finding.rule == "missing_file"]
    assert [finding.source_file for finding in missing] == [DECLARATIONS_NAME]


@pytest.mark.parametrize("file", [VERSIONS, DECLARATIONS])
def test_a_row_of_the_wrong_width_is_the_only_finding(seeds: Seeds, file: str) -> None:
    # The row that is cut short is one that other rows depend on.
    header, first, second, *others = seeds.path(file).read_text("utf-8").splitlines(keepends=True)
    seeds.path(file).write_text("".join([header, first, "one,two\n", *others]), "utf-8")
    (finding,) = read_registry(seeds.folder).validate()
    assert second
    assert (finding.rule, finding.row_number, finding.value) == ("wrong_width", 3, "2")


def test_a_row_without_a_seal_is_told_the_seal(seeds: Seeds) -> None:
    in_version(3, definition_hash="")(seeds)
    (finding,) = seeds.findings()
    assert definition_hash(seeds.versions[1]) in finding.message("lv")


def test_messages_of_the_registry_state_the_same_facts_in_both_languages() -> None:
    messages: Mapping[str, Mapping[str, str]] = yaml.safe_load(MESSAGES_FILE.read_text("utf-8"))

    def facts(text: str) -> Iterator[str]:
        return (name for _, name, _, _ in string.Formatter().parse(text) if name)

    for rule in {rule for rule, *_ in OFFENCES}:
        assert set(facts(messages[rule]["lv"])) == set(facts(messages[rule]["en"]))


# --- The hash ---


def test_the_hash_follows_the_definition_and_only_that() -> None:
    one = version()
    assert definition_hash(one) == definition_hash(one | {"concept_lv": "x", "valid_from": "2025/2026"})
    changed = {definition_hash(one | {column: "changed"}) for column in defining_columns()}
    assert len(changed | {definition_hash(one)}) == len(defining_columns()) + 1
    # A field that is missing and one that is empty are the same: not stated.
    assert definition_hash(one) == definition_hash({name: text for name, text in one.items() if text})


# --- Periods ---


@pytest.mark.parametrize(
    ("before", "after"), [("2023/2024", "2024/2025"), ("1999/2000", "2000/2001"), ("2023", "2024")]
)
def test_a_period_has_neighbours_of_its_kind(before: str, after: str) -> None:
    assert (next_period(before), previous_period(after)) == (after, before)


# --- Writing ---


def test_a_registry_that_was_not_changed_writes_nothing(seeds: Seeds) -> None:
    before = seeds.path(VERSIONS).stat().st_mtime_ns
    assert read_registry(seeds.folder).write() == []
    assert seeds.path(VERSIONS).stat().st_mtime_ns == before


def test_rows_that_were_not_changed_keep_their_bytes(seeds: Seeds) -> None:
    # An unusual but valid style: a quoted cell without need, a line break in a cell, no end of the last line.
    odd = seeds.path(DECLARATIONS).read_text("utf-8").replace("population", '"population"', 1)
    odd = odd.replace("A synthetic reason.", '"A synthetic\nreason."', 1).removesuffix("\n")
    seeds.path(DECLARATIONS).write_text(odd, "utf-8", newline="")
    registry = read_registry(seeds.folder)
    row = declaration(
        series_key="synthetic/01/forks", from_version_no="", to_version_no="", first_period="2023/2024",
        reason_en='A "synthetic", new reason.',
    )  # fmt: skip
    assert registry.append(DECLARATIONS, row).write() == [seeds.path(DECLARATIONS)]
    content = seeds.path(DECLARATIONS).read_text("utf-8")
    assert content.startswith(odd + "\n")
    assert content.endswith(',Sintētisks iemesls.,"A ""synthetic"", new reason."\n')
    assert content.count("\n") == odd.count("\n") + 2


def test_a_replaced_row_changes_only_the_columns_that_are_named(seeds: Seeds) -> None:
    read_registry(seeds.folder).replace(DECLARATIONS, 2, {"bridge_factor": 1.5}).write()
    seeds.declarations[0]["bridge_factor"] = "1.5"
    columns = load_schema()[DECLARATIONS].column_names
    assert seeds.path(DECLARATIONS).read_text("utf-8") == to_csv(seeds.declarations, columns)


def test_a_row_can_be_put_after_the_others_of_its_series(seeds: Seeds) -> None:
    registry = read_registry(seeds.folder).replace(VERSIONS, 4, {"valid_to": "2025/2026"})
    registry = registry.append(VERSIONS, version(version_no="4", population="gold", valid_from="2026/2027"), after=4)
    registry.write()
    rows = read_registry(seeds.folder).rows(VERSIONS)
    assert [(row["breakdown"], row["version_no"]) for _, row in rows] == [
        ("total", "1"), ("total", "2"), ("total", "3"), ("total", "4"), ("forks", "1"),
    ]  # fmt: skip


def test_the_first_decision_makes_its_file(seeds: Seeds) -> None:
    registry = read_registry(seeds.folder).append(
        DECISIONS,
        {
            "flag_key": "synthetic", "decision": "dismissed", "reason": "a, b", "evidence_hash": "h",
            "decided_by": "steward", "decided_on": "2026-01-31",
        },
    )  # fmt: skip
    assert registry.write() == [seeds.path(DECISIONS)]
    assert seeds.path(DECISIONS).read_text("utf-8") == (
        "flag_key,decision,reason,evidence_hash,decided_by,decided_on\n"
        'synthetic,dismissed,"a, b",h,steward,2026-01-31\n'
    )


def test_values_are_written_as_the_seeds_write_them(seeds: Seeds) -> None:
    registry = read_registry(seeds.folder).replace(VERSIONS, 5, {"targets_restated": True, "valid_to": None})
    ((_, row),) = [entry for entry in registry.rows(VERSIONS) if entry[0] == 5]
    assert (row["targets_restated"], row["valid_to"]) == ("true", "")


def test_a_column_that_does_not_exist_is_a_mistake_of_the_caller(seeds: Seeds) -> None:
    with pytest.raises(KeyError, match="no_such_column"):
        read_registry(seeds.folder).append(DECLARATIONS, {"no_such_column": "1"})


def two_changes(seeds: Seeds) -> registry_module.Registry:
    registry = read_registry(seeds.folder).replace(VERSIONS, 2, {"evidence_line": 99})
    return registry.replace(DECLARATIONS, 2, {"bridge_factor": 2})


def everything(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "strategy").iterdir()}


def test_nothing_is_written_if_the_change_is_not_in_order(seeds: Seeds) -> None:
    before = everything(seeds.folder)
    with pytest.raises(RegistryError) as refused:
        two_changes(seeds).replace(DECLARATIONS, 2, {"bridge_factor": None}).write()
    assert [rejection.rule for rejection in refused.value.rejections] == ["factor_missing"]
    assert "bridge_factor" in str(refused.value)
    assert everything(seeds.folder) == before


def test_nothing_is_written_if_one_of_two_files_cannot_be(seeds: Seeds, monkeypatch: pytest.MonkeyPatch) -> None:
    before = everything(seeds.folder)
    flush = os.fsync
    calls = []

    def full_disk(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError("No space left on device")
        flush(descriptor)

    monkeypatch.setattr(registry_module.os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        two_changes(seeds).write()
    assert len(calls) == 2
    assert everything(seeds.folder) == before


def test_a_change_of_somebody_else_meanwhile_is_not_written_over(seeds: Seeds) -> None:
    registry = two_changes(seeds)
    with seeds.path(VERSIONS).open("a", encoding="utf-8") as file:
        file.write("\n")
    before = everything(seeds.folder)
    with pytest.raises(RegistryError) as refused:
        registry.write()
    assert [rejection.rule for rejection in refused.value.rejections] == ["changed_meanwhile"]
    assert everything(seeds.folder) == before


def test_a_written_file_keeps_its_mode(seeds: Seeds) -> None:
    seeds.path(VERSIONS).chmod(0o640)
    two_changes(seeds).write()
    assert seeds.path(VERSIONS).stat().st_mode & 0o777 == 0o640
