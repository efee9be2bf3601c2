"""Time and memory to load ten million generated answers, against DuckDB's own read of the same file.

What is generated is synthetic: half a million made-up respondents answer twenty questions on one scale. Each
measurement is made in a process of its own, so that its peak memory is its own. Compare ratios, not seconds: both
sides run one after the other on one machine.

    python bench/survey_answers.py --respondents 500000 --form wide
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import yaml

ITEMS = 20
TEXTS = ("Piekrītu", "Drīzāk piekrītu", "Drīzāk nepiekrītu", "Nepiekrītu", "")
GROUPS = ("pii_teachers", "pii_parents", "school_teachers", "school_parents")
WAVE = "synthetic_wave"
STEM = "synthetic_answers"


def generate(folder: Path, respondents: int, form: str) -> Path:
    """Write a synthetic export and its mapping."""
    draw = random.Random(1)  # noqa: S311 - no secret
    path = folder / f"{STEM}.csv"
    items = [f"item_{number}" for number in range(ITEMS)]
    # Rows are drawn from a thousand: what they hold does not matter, only how many they are.
    rows = [draw.choices(TEXTS, (30, 40, 20, 8, 2), k=ITEMS) for _ in range(1000)]
    with path.open("w", encoding="utf-8") as file:
        if form == "wide":
            file.write(",".join(("Grupa", *(f"Jautājums {item}" for item in items))) + "\n")
            for number in range(respondents):
                file.write(",".join((GROUPS[number % len(GROUPS)], *rows[number * 7 % 1000])) + "\n")
        else:
            file.write("Respondents,Grupa,Jautājums,Atbilde\n")
            for number in range(respondents):
                row, group = rows[number * 7 % 1000], GROUPS[number % len(GROUPS)]
                file.writelines(
                    f"R{number},{group},Jautājums {item},{text}\n" for item, text in zip(items, row, strict=True)
                )
    mapping = {
        "wave": WAVE,
        "period": "2024/2025",
        "form": form,
        "weight": "none",
        "group": {"header": "Grupa", "answers": {group: group for group in GROUPS}},
        "population": dict.fromkeys(GROUPS, "unknown"),
        "questions": [
            {
                "survey": WAVE,
                "scale": "agreement_4",
                "positive": ["agree", "rather_agree"],
                "items": {item: f"Jautājums {item}" for item in items},
            }
        ],
    }
    if form == "long":
        mapping["long"] = {"respondent": "Respondents", "question": "Jautājums", "answer": "Atbilde"}
    (folder / f"{STEM}.mapping.yml").write_text(yaml.safe_dump(mapping, allow_unicode=True), "utf-8")
    return path


def load(path: Path) -> int:
    """Load the export as a run does: cells, mapping, raw table."""
    import duckdb  # noqa: PLC0415 - each measurement imports its own

    from warehouse.contract import load_contracts  # noqa: PLC0415
    from warehouse.readers import LandingFile  # noqa: PLC0415
    from warehouse.survey_export import read_export  # noqa: PLC0415
    from warehouse.survey_mapping import RegisteredSurvey, SurveyRegistry  # noqa: PLC0415

    (contract,) = (one for one in load_contracts() if one.raw_table == "responses__answer")
    registry = SurveyRegistry(
        {WAVE: RegisteredSurvey("synthetic", WAVE, "2024/2025", None)},
        frozenset((WAVE, f"item_{number}") for number in range(ITEMS)),
        frozenset(GROUPS),
    )
    file = LandingFile(path, f"synthetic/responses/{path.name}", "synthetic", date(2026, 1, 31))
    result = read_export(file, contract, registry=registry)
    if result.rejections:
        raise ValueError(result.rejections[0].message("en"))
    with duckdb.connect(str(path.with_suffix(".loaded.duckdb"))) as connection:
        connection.register("accepted_rows", result.accepted)
        connection.execute("create table answer as select * from accepted_rows")
    return int(result.accepted.num_rows)


def read(path: Path) -> int:
    """Read the same file into a table by DuckDB's own reader, every cell as the text it is."""
    import duckdb  # noqa: PLC0415

    with duckdb.connect(str(path.with_suffix(".read.duckdb"))) as connection:
        connection.execute("create table cell as select * from read_csv(?, all_varchar = true)", [str(path)])
        ((rows,),) = connection.execute("select count(*) from cell").fetchall()
    return int(rows)


def tally(path: Path) -> int:
    """Count what was loaded as the model survey_tally does: by item and group, and distinct respondents."""
    import duckdb  # noqa: PLC0415

    with duckdb.connect(str(path.with_suffix(".loaded.duckdb")), read_only=True) as connection:
        counted = connection.execute(
            "select survey_code, item_code, group_code, count(is_positive), count(*) filter (is_positive) "
            "from answer group by all"
        ).fetchall()
        connection.execute(
            "select group_code, count(*) from (select distinct group_code, _source_file, respondent_no from answer "
            "where answer_code is not null) group by all"
        ).fetchall()
    return len(counted)


_MEASURED = {"read": read, "load": load, "tally": tally}


def measure(what: str, path: Path) -> dict[str, float]:
    """Measure one thing in a process of its own: seconds, and megabytes above what its imports took."""
    done = subprocess.run(
        [sys.executable, __file__, "--only", what, "--file", str(path)],
        check=True,
        capture_output=True,
        text=True,
    )
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def main() -> None:
    """Generate, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--respondents", type=int, default=500_000)
    parser.add_argument("--form", choices=("wide", "long"), default="wide")
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--only", choices=tuple(_MEASURED))
    parser.add_argument("--file", type=Path)
    arguments = parser.parse_args()
    if arguments.only:
        before = time.perf_counter()
        rows = _MEASURED[arguments.only](arguments.file)
        seconds = time.perf_counter() - before
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"rows": rows, "seconds": seconds, "megabytes": peak}))
        return
    with tempfile.TemporaryDirectory(prefix="synthetic-") as folder:
        path = generate(Path(folder), arguments.respondents, arguments.form)
        best: dict[str, dict[str, float]] = {}
        for _ in range(arguments.repeat):
            for what in _MEASURED:
                for leftover in path.parent.glob("*.duckdb"):
                    if what in {"read", "load"}:
                        leftover.unlink()
                found = measure(what, path)
                if what not in best or found["seconds"] < best[what]["seconds"]:
                    best[what] = found
        size, repeat = path.stat().st_size / 2**20, arguments.repeat
    print(f"{arguments.form}: {best['load']['rows']:,.0f} synthetic answers, {size:,.0f} MB, best of {repeat}")
    for what, found in best.items():
        print(
            f"  {what:5} {found['seconds']:6.2f} s ({found['seconds'] / best['read']['seconds']:.2f} × DuckDB's), "
            f"peak {found['megabytes']:,.0f} MB ({found['megabytes'] / best['read']['megabytes']:.2f} ×)"
        )


if __name__ == "__main__":
    main()
