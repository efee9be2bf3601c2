"""The loaders of the benchmark on small synthetic files of the three forms."""

import gzip
from pathlib import Path

import pandas as pd
import pytest

from break_data import COLUMNS, load

TIDY = """dataset,series_key,geo,unit,year,value,flags
synthetic,F.PC.AA,AA,PC,2021,20.0,b
synthetic,F.PC.AA,AA,PC,2020,20.3,
synthetic,F.PC.AA,AA,PC,2019,,
synthetic,F.PC.NA,NA,PC,2021,7,bu
"""
TSV = "sex,unit,geo\\time\t2021 \t2020 \t2019 \nF,PC,AA\t20.0 b\t20.3 \t: \nF,PC,NA\t7 bu\t: u\t:\n"
SDMX = """STRUCTURE,STRUCTURE_ID,sex,Sex,unit,Unit of measure,geo,Place,TIME_PERIOD,Time,OBS_VALUE,Value,OBS_FLAG,Flag
dataflow,ESTAT:SYNTHETIC(1.0),F,"Women, all",PC,Percentage,AA,Aa,2020,,20.3,,,
dataflow,ESTAT:SYNTHETIC(1.0),F,"Women, all",PC,Percentage,AA,Aa,2021,,20.0,,b,break in time series
dataflow,ESTAT:SYNTHETIC(1.0),F,"Women, all",PC,Percentage,AA,Aa,2019,,:,,m,missing
dataflow,ESTAT:SYNTHETIC(1.0),F,"Women, all",PC,Percentage,NA,Na,2021,,7,,bu,break
"""
SDMX_LABELLED = """DATAFLOW,LAST UPDATE,sex: Sex,unit: Unit,geo: Place,TIME_PERIOD: Time,OBS_VALUE: Value,OBS_FLAG: F
ESTAT:SYNTHETIC(1.0),01/01/26,F: Women,PC: Percentage,AA: Aa,2021: 2021,20.0,b: break in time series
ESTAT:SYNTHETIC(1.0),01/01/26,F: Women,PC: Percentage,AA: Aa,2020: 2020,20.3,
ESTAT:SYNTHETIC(1.0),01/01/26,F: Women,PC: Percentage,NA: Na,2021: 2021,7,bu: break
"""
SDMX_OTHER_OFFICE = """DATAFLOW;FREQ;SEX;UNIT;REF_AREA;TIME_PERIOD;OBS_VALUE;OBS_STATUS
XX:SYNTHETIC(1.0);A;F;PC;AA;2021;20.0;B
XX:SYNTHETIC(1.0);A;F;PC;AA;2020;20.3;
XX:SYNTHETIC(1.0);A;F;PC;NA;2021;7;B
"""
EXPECTED = [
    ("synthetic", "AA", "PC", "2020", "20.3", 20.3, False),
    ("synthetic", "AA", "PC", "2021", "20.0", 20.0, True),
    ("synthetic", "NA", "PC", "2021", "7", 7.0, True),
]


def _rows(values: pd.DataFrame) -> list[tuple[object, ...]]:
    columns = ["dataset", "place", "unit", "period", "value_text", "value", "is_break"]
    return sorted(values[columns].itertuples(index=False, name=None))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("any.csv", TIDY),
        ("synthetic.tsv", TSV),
        ("any.csv", SDMX),
        ("any.csv", SDMX_LABELLED),
        ("any.csv", SDMX_OTHER_OFFICE),
        ("any.csv", "\ufeff" + TIDY.replace("\n", "\r\n")),
    ],
    ids=[
        "tidy",
        "tsv",
        "sdmx_with_labels_beside",
        "sdmx_with_labels_inside",
        "sdmx_of_another_office",
        "bom_and_crlf",
    ],
)
@pytest.mark.parametrize("is_packed", [False, True])
def test_each_form_gives_the_same_rows(tmp_path: Path, name: str, content: str, is_packed: bool) -> None:
    file = tmp_path / (f"{name}.gz" if is_packed else name)
    file.write_bytes(gzip.compress(content.encode()) if is_packed else content.encode())
    values = load(file)
    assert list(values.columns) == COLUMNS
    assert _rows(values) == EXPECTED
    assert values.groupby("period")["period_order"].unique().map(list).to_dict() == {"2020": [1], "2021": [2]}
    assert values["series_key"].nunique() == 2


def test_a_tidy_file_needs_neither_dataset_nor_unit_nor_flags(tmp_path: Path) -> None:
    file = tmp_path / "other_table.csv"
    file.write_text("series_key,geo,year,value\na.AA,AA,2020,1\na.AA,AA,2021,2\n", "utf-8")
    assert [row[0] for row in _rows(load(file))] == ["other_table", "other_table"]
    assert not load(file)["is_break"].any()


def test_periods_shorter_than_a_year_come_in_their_order(tmp_path: Path) -> None:
    file = tmp_path / "synthetic.tsv"
    file.write_text("freq,geo\\TIME_PERIOD\t2020-Q2\t2020-Q1\t2019-Q4\nQ,AA\t3\t2 b\t1\n", "utf-8")
    assert load(file).sort_values("period_order")["value"].tolist() == [1, 2, 3]


def test_a_number_given_twice_counts_once(tmp_path: Path) -> None:
    file = tmp_path / "any.csv"
    file.write_text(TIDY + TIDY.partition("\n")[2], "utf-8")
    assert _rows(load(file)) == EXPECTED


@pytest.mark.parametrize(
    ("content", "named"), [("a,b\n1,2\n", "series_key"), ("geo\\time\t2021\nAA\t: \n", "no number")]
)
def test_a_file_of_another_form_is_refused_with_its_name_and_what_is_missing(
    tmp_path: Path, content: str, named: str
) -> None:
    file = tmp_path / "other.csv"
    file.write_text(content, "utf-8")
    with pytest.raises(ValueError, match=named) as error:
        load(file)
    assert str(file) in str(error.value)
