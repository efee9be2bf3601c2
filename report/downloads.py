"""The figures behind a page as files: CSV, Parquet and XLSX, the same bytes each time.

Cells are text, numbers or dates, never formulas: what a source sends must not run in a reader's spreadsheet.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pyarrow as pa
import pyarrow.parquet as pq

from report.published import Point
from report.views import IndicatorView
from warehouse.arrow import to_table

# A spreadsheet takes text that begins so for a formula. “+ 2%” and “- 1” are figures as printed.
_FORMULA = re.compile(r"[=@\t\r]|[+-](?!\s*\d)")
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_OFFICE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
# What XML cannot hold.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")

_OBSERVATION = pa.schema(
    [
        ("strategy_code", pa.string()),
        ("indicator_no", pa.int32()),
        ("indicator_name_lv", pa.string()),
        ("indicator_name_en", pa.string()),
        ("series_key", pa.string()),
        ("series_label_lv", pa.string()),
        ("series_label_en", pa.string()),
        ("period", pa.string()),
        ("is_baseline", pa.bool_()),
        ("is_bridged", pa.bool_()),
        ("value_numeric", pa.float64()),
        ("value_text", pa.string()),
        ("unit", pa.string()),
        ("obs_status", pa.string()),
        ("methodology_key", pa.string()),
        ("segment_no", pa.int32()),
        ("source_file", pa.string()),
        ("source_row", pa.int32()),
        ("report_line", pa.int32()),
    ]
)

Rows = Sequence[Mapping[str, Any]]


def observation_rows(views: Iterable[IndicatorView], strategy_code: str) -> list[dict[str, Any]]:
    """Return one row a series and period of some indicators, with the segment that says what may be joined."""
    return [
        {name: _field(name, view, point, strategy_code) for name in _OBSERVATION.names}
        for view in views
        for series in view.series
        for point in series.points
    ]


def _field(name: str, view: IndicatorView, point: Point, strategy_code: str) -> object:
    match name:
        case "strategy_code":
            return strategy_code
        case "indicator_name_lv" | "indicator_name_en":
            return getattr(view.indicator, name.removeprefix("indicator_"))
        case "period":
            return point.period_key
        case _:
            return getattr(point, name)


def write_downloads(views: Sequence[IndicatorView], strategy_code: str, folder: Path) -> None:
    """Write the files of some indicators: `<number>.csv`, `.parquet` and `.xlsx` of each."""
    folder.mkdir(parents=True, exist_ok=True)
    for view in views:
        rows = observation_rows([view], strategy_code)
        write_tables(rows, sheets_of(view, rows), folder / view.number)


def write_all(views: Sequence[IndicatorView], strategy_code: str, stem: Path) -> None:
    """Write the observations of all indicators as one CSV, one Parquet and one XLSX file."""
    rows = observation_rows(views, strategy_code)
    write_tables(rows, {"observation": rows}, stem)


def write_tables(rows: Rows, sheets: Mapping[str, Rows], stem: Path) -> None:
    """Write rows as `<stem>.csv` and `.parquet`, and sheets as `.xlsx`."""
    stem.with_suffix(".csv").write_text(csv_text(rows, _OBSERVATION.names), "utf-8", newline="")
    pq.write_table(
        to_table(list(rows), _OBSERVATION),
        stem.with_suffix(".parquet"),
        compression="zstd",
        write_statistics=False,
    )
    stem.with_suffix(".xlsx").write_bytes(xlsx_bytes(sheets))


def sheets_of(view: IndicatorView, rows: Rows) -> dict[str, Rows]:
    """Return the sheets of an indicator's workbook: observations, targets, assessments, methods."""

    def of(name: str) -> list[dict[str, Any]]:
        return [asdict(record) for series in view.series for record in getattr(series, name)]

    return {"observation": rows, "target": of("targets"), "progress": of("progress"), "methodology": of("methods")}


def csv_text(rows: Rows, names: Sequence[str]) -> str:
    """Write rows as CSV, comma and full stop as DuckDB and pandas expect, with a byte order mark for Excel."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_plain(row.get(name)) for name in names])
    return "\ufeff" + text.getvalue()


def _plain(value: object) -> object:
    if isinstance(value, str) and _FORMULA.match(value):
        return f"'{value}"
    return "true" if value is True else "false" if value is False else value


def xlsx_bytes(sheets: Mapping[str, Rows]) -> bytes:
    """Write sheets as an XLSX file: the first row names the columns and stays in sight.

    Text is stored as text in its cell, so nothing is ever a formula, and no clock is asked, so the same rows are the
    same bytes.
    """
    names = list(sheets)
    parts = {
        "[Content_Types].xml": _XML + '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_OFFICE}.sheet.main+xml"/>'
        + "".join(
            f'<Override PartName="/xl/worksheets/sheet{no}.xml" ContentType="{_OFFICE}.worksheet+xml"/>'
            for no, _ in enumerate(names, start=1)
        )
        + "</Types>",
        "_rels/.rels": _relations({"officeDocument": ["xl/workbook.xml"]}),
        "xl/workbook.xml": _XML
        + f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATION}"><sheets>'
        + "".join(
            f'<sheet name="{escape(name)}" sheetId="{no}" r:id="r{no}"/>' for no, name in enumerate(names, start=1)
        )
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": _relations(
            {"worksheet": [f"worksheets/sheet{no}.xml" for no, _ in enumerate(names, start=1)]}
        ),
        **{f"xl/worksheets/sheet{no}.xml": _sheet(sheets[name]) for no, name in enumerate(names, start=1)},
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in parts.items():
            entry = zipfile.ZipInfo(name, _ZIP_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, content)
    return packed.getvalue()


def _relations(parts: Mapping[str, Sequence[str]]) -> str:
    targets = [(kind, target) for kind, many in parts.items() for target in many]
    return (
        f'{_XML}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        + "".join(
            f'<Relationship Id="r{no}" Type="{_RELATION}/{kind}" Target="{target}"/>'
            for no, (kind, target) in enumerate(targets, start=1)
        )
        + "</Relationships>"
    )


def _sheet(rows: Rows) -> str:
    names = list(rows[0]) if rows else []
    lines = [names, *([row[name] for name in names] for row in rows)]
    return (
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        "<sheetData>"
        + "".join(f"<row>{''.join(_cell(value) for value in line)}</row>" for line in lines)
        + "</sheetData></worksheet>"
    )


def _cell(value: object) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f"<c><v>{value!r}</v></c>"
    text = escape(_CONTROL.sub("\ufffd", str(value)))
    return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
