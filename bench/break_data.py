"""Statistics with flags, as offices deliver them, in one tidy form.

Three forms are read, plain or gzipped: a tidy CSV (`series_key, geo, year, value`, and if given `dataset, unit,
flags`), Eurostat's TSV (one column a period, flags glued to the values, `:` for missing), and SDMX-CSV (`OBS_VALUE`,
`OBS_FLAG`; codes alone, codes beside labels, or `code: label` in one cell).
"""

import csv
import gzip
import io
import re
from pathlib import Path

import pandas as pd

BREAK_FLAG = "b"
COLUMNS = ["dataset", "series_key", "place", "unit", "period", "period_order", "value_text", "value", "is_break"]

_GZIP_MAGIC = b"\x1f\x8b"
_CELL = r"^\s*(?P<value>[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?|:)?\s*(?P<flags>[A-Za-z ]*)$"
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")
_PLACES = ("geo", "ref_area")
_NO_UNIT = "none"


def load(path: Path) -> pd.DataFrame:
    """Read a file of any of the three forms.

    Returns:
        One row a number, with `COLUMNS`; `period_order` counts the periods of the file, `is_break` is the flag.

    Raises:
        ValueError: the file has none of the three forms, or holds no number.
    """
    text = _text(path)
    header = text.partition("\n")[0]
    dataset = path.name.split(".")[0].lower()
    cells = _from_tsv(text, dataset) if "\t" in header else _from_csv(text, dataset, path)
    return _tidy(cells, path)


def _text(path: Path) -> str:
    content = path.read_bytes()
    if content.startswith(_GZIP_MAGIC):
        content = gzip.decompress(content)
    return content.decode("utf-8-sig")


def _from_tsv(text: str, dataset: str) -> pd.DataFrame:
    r"""Turn `sex,age,unit,geo\time <tab> 2021 <tab> 2020 …` into one row a cell."""
    wide = pd.read_csv(io.StringIO(text), sep="\t", dtype=str, keep_default_na=False)
    key = wide.columns[0]
    codes = wide[key].str.split(",", expand=True).apply(lambda column: column.str.strip())
    codes.columns = pd.Index([name.strip().lower() for name in key.partition("\\")[0].split(",")])
    keys = _keyed(codes)
    long = pd.concat([keys, wide.drop(columns=key)], axis=1).melt(
        list(keys.columns), var_name="period", value_name="cell"
    )
    parts = long["cell"].str.extract(_CELL)
    return long.assign(
        dataset=dataset, period=long["period"].str.strip(), value_text=parts["value"], flags=parts["flags"]
    )


def _from_csv(text: str, dataset: str, path: Path) -> pd.DataFrame:
    header = text.partition("\n")[0]
    separator = ";" if header.count(";") > header.count(",") else ","
    rows = pd.read_csv(io.StringIO(text), sep=separator, dtype=str, keep_default_na=False, quoting=csv.QUOTE_MINIMAL)
    rows.columns = pd.Index([name.partition(":")[0].strip() for name in rows.columns])
    if {"TIME_PERIOD", "OBS_VALUE"} <= set(rows.columns):
        return _from_sdmx(rows, dataset)
    rows.columns = pd.Index([name.lower() for name in rows.columns])
    rows = rows.rename(columns={"year": "period", "geo": "place", "value": "value_text"})
    if missing := {"series_key", "place", "period", "value_text"} - set(rows.columns):
        raise ValueError(
            f"{path}: neither Eurostat's TSV nor SDMX-CSV (TIME_PERIOD, OBS_VALUE), and as a tidy file it lacks "
            f"{', '.join(sorted(missing))}. Give it the columns series_key, geo, year, value, flags."
        )
    defaults = {"dataset": dataset, "unit": _NO_UNIT, "flags": ""}
    return rows.assign(**{name: value for name, value in defaults.items() if name not in rows.columns})


def _from_sdmx(rows: pd.DataFrame, dataset: str) -> pd.DataFrame:
    named = next((rows[name] for name in ("STRUCTURE_ID", "DATAFLOW") if name in rows.columns), None)
    # ESTAT:TRNG_LFSE_01(1.0)
    dataset = dataset if named is None or named.empty else re.sub(r"^.*:|\(.*$", "", named.iloc[0]).lower()
    # Dimensions have lower-case identifiers; the labels that may stand beside them have not.
    dimensions = [name for name in rows.columns if _IDENTIFIER.fullmatch(name)]
    if not dimensions:
        attributes = {"TIME_PERIOD", "DATAFLOW", "ACTION", "STRUCTURE", "CONF_STATUS"}
        dimensions = [
            name
            for name in rows.columns
            if _IDENTIFIER.fullmatch(name.lower())
            and name not in attributes
            and not name.startswith(("OBS_", "STRUC"))
        ]
    codes = rows[dimensions].apply(_code).rename(columns=str.lower)
    flag = next((name for name in ("OBS_FLAG", "OBS_STATUS") if name in rows.columns), None)
    return _keyed(codes).assign(
        dataset=dataset,
        period=_code(rows["TIME_PERIOD"]),
        value_text=rows["OBS_VALUE"].str.strip(),
        flags="" if flag is None else _code(rows[flag]),
    )


def _code(cells: "pd.Series[str]") -> "pd.Series[str]":
    return cells.str.partition(":")[0].str.strip()


def _keyed(codes: pd.DataFrame) -> pd.DataFrame:
    """Make the key of a series out of all its dimensions; the place is one of them, the last if none has its name."""
    place = next((name for name in _PLACES if name in codes.columns), codes.columns[-1])
    return pd.DataFrame(
        {
            "series_key": [".".join(row) for row in codes.itertuples(index=False)],
            "place": codes[place],
            "unit": codes["unit"] if "unit" in codes.columns else _NO_UNIT,
        }
    )


def _tidy(cells: pd.DataFrame, path: Path) -> pd.DataFrame:
    number = pd.to_numeric(cells["value_text"], errors="coerce")
    tidy = cells.assign(value=number, is_break=cells["flags"].fillna("").str.lower().str.contains(BREAK_FLAG))
    tidy = tidy[number.notna()].drop_duplicates(["series_key", "period"], keep="last")
    if tidy.empty:
        raise ValueError(f"{path}: no number in it. Is it a table of statistics, and are its values in {COLUMNS[6]}?")
    tidy = tidy.assign(period_order=tidy["period"].rank(method="dense").astype(int))
    return tidy[COLUMNS].reset_index(drop=True)
