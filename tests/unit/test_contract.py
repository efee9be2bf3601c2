"""Contracts: the YAML files of `warehouse/contracts`, and what the models refuse."""

import re
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
import yaml
from pydantic import ValidationError

from warehouse.contract import (
    CONTRACTS_DIR,
    MARKS_FILE,
    PROVENANCE,
    Column,
    Contract,
    ContractError,
    load_contracts,
    load_marks,
)
from warehouse.values import Kind, UnreadableValueError, read_value

CONTRACTS = load_contracts()
each_contract = pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.raw_table)


def contract_of(*columns: Column, key: tuple[str, ...] = ()) -> Contract:
    return Contract(source="synthetic", table="synthetic", grain="Synthetic.", key=key, columns=columns)


def write_contract(folder: Path, text: str) -> Path:
    (folder / "synthetic.yml").write_text(text, "utf-8")
    return folder


def contract_text(settings: str) -> str:
    labels = "label_lv: Sintētisks, label_en: Synthetic"
    return f"{{description: Synthetic., {labels}, tables: {{t: {{{labels}, grain: One row a., {settings}}}}}}}"


def test_every_file_of_the_folder_gives_contracts() -> None:
    files = {path.stem for path in CONTRACTS_DIR.glob("*.yml") if path.name != MARKS_FILE}
    assert {contract.source for contract in CONTRACTS} == files


def test_no_two_contracts_write_one_raw_table() -> None:
    assert max(Counter(contract.raw_table for contract in CONTRACTS).values()) == 1


@each_contract
def test_a_grain_says_what_one_row_is(contract: Contract) -> None:
    assert contract.grain.startswith("One row a")


@each_contract
def test_no_part_of_a_key_may_be_empty(contract: Contract) -> None:
    required = {column.name for column in contract.columns if column.required}
    assert contract.key
    assert set(contract.key) <= required


@each_contract
def test_every_field_of_a_raw_table_has_a_name_of_its_own(contract: Contract) -> None:
    assert max(Counter(contract.schema.names).values()) == 1


@each_contract
def test_every_pattern_is_a_regular_expression(contract: Contract) -> None:
    for column in contract.columns:
        re.compile(column.pattern or "")


@pytest.mark.parametrize(
    "contract",
    [one for one in CONTRACTS if one.source in {"actions", "enrolment", "indicators", "reconciliation", "surveys"}],
    ids=lambda contract: contract.raw_table,
)
def test_every_row_of_the_report_names_the_line_it_comes_from(contract: Contract) -> None:
    (line,) = (column for column in contract.columns if column.name == "report_line")
    assert (line.type, line.required) == ("integer", True)


def test_a_raw_table_begins_with_the_strategy_and_ends_with_the_provenance() -> None:
    schema = contract_of(Column(name="school_year", description="Synthetic.")).schema
    assert schema.names[:2] == ["strategy_code", "school_year"]
    assert tuple(schema)[2:] == PROVENANCE


def test_a_printed_column_keeps_its_text_beside_what_was_read() -> None:
    column = Column(name="share_printed", type="printed", description="Synthetic.")
    assert column.fields() == [
        pa.field("share_printed", pa.string()),
        pa.field("share_numeric", pa.float64()),
        pa.field("share_kind", pa.string()),
        pa.field("share_mark", pa.string()),
        pa.field("share_unit", pa.string()),
    ]


def test_a_printed_column_that_accepts_ranges_has_an_upper_bound_too() -> None:
    column = Column(name="share_printed", type="printed", is_range_accepted=True, description="Synthetic.")
    assert [field.name for field in column.fields()] == [
        "share_printed",
        "share_numeric",
        "share_upper_numeric",
        "share_kind",
        "share_mark",
        "share_unit",
    ]


def test_a_range_in_a_column_that_is_not_printed_is_refused() -> None:
    with pytest.raises(ValidationError, match="its type must be printed"):
        Column(name="share", is_range_accepted=True, description="Synthetic.")


def test_a_name_gives_its_path() -> None:
    contract = next(contract for contract in CONTRACTS if contract.raw_table == "surveys__positive_share")
    assert contract.file_name == Path("surveys/positive_share.csv")


def test_a_printed_column_without_its_suffix_is_refused() -> None:
    with pytest.raises(ValidationError, match="must end in _printed"):
        Column(name="share", type="printed", description="Synthetic.")


def test_a_key_that_names_no_column_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"key columns not in the contract: \['colour'\]"):
        contract_of(Column(name="school_year", description="Synthetic."), key=("colour",))


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("{name: a, label_lv: Ā, label_en: A, description: S., description_lv: S., requierd: true}", "requierd"),
        ("{name: a, label_lv: Ā, label_en: A, description: S., description_lv: S., type: decimal}", "type"),
        ("{name: a, label_lv: Ā, label_en: A, description_lv: S.}", "description"),
        ("{name: a, label_en: A, description: S., description_lv: S.}", "a lacks label_lv"),
        ("{name: a, label_lv: Ā, description: S., description_lv: S.}", "a lacks label_en"),
        ("{name: a, label_lv: Ā, label_en: A, description: ' ', description_lv: S.}", "a lacks description"),
        ("{name: a, label_lv: Ā, label_en: A, description: S.}", "a lacks description_lv"),
    ],
)
def test_a_slip_in_a_contract_file_is_refused_by_the_name_of_its_field(
    tmp_path: Path, column: str, field: str
) -> None:
    text = contract_text(f"key: [a], columns: [{column}]")
    with pytest.raises(ContractError, match=field):
        load_contracts(write_contract(tmp_path, text))


def test_a_table_without_columns_is_refused(tmp_path: Path) -> None:
    text = contract_text("key: [], columns: []")
    with pytest.raises(ContractError, match="columns"):
        load_contracts(write_contract(tmp_path, text))


def test_no_mark_has_two_codes() -> None:
    texts = yaml.safe_load((CONTRACTS_DIR / MARKS_FILE).read_text("utf-8"))
    assert len(load_marks()) == sum(len(variants) for variants in texts.values())


@pytest.mark.parametrize("mark", sorted(load_marks()))
def test_no_mark_hides_a_number(mark: str) -> None:
    assert read_value(mark, load_marks()).kind is Kind.MARK
    with pytest.raises(UnreadableValueError):
        read_value(mark, {})
