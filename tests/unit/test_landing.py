"""The landing zone: strategies, their origin, and what becomes of each thing that lies there."""

import os
from datetime import date
from pathlib import Path

import pytest

from warehouse.contract import Column, Contract, load_contracts, load_marks
from warehouse.landing import (
    SOURCE_FILE,
    FoundFile,
    LandingError,
    LandingZone,
    find_files,
    find_strategies,
    landing_paths,
    shown_name,
    stem_of,
    superseded_on,
)
from warehouse.readers import LandingFile, read_landing_file

LANDING = Path(__file__).parents[2] / "data" / "landing"
FILES = [pytest.param(found, id=found.file.name) for found in find_files(LANDING, load_contracts()).found]
FIRST_DAY = date(2026, 1, 31)
TABLE = Contract(
    source="synthetic_source",
    table="synthetic_table",
    grain="One row a synthetic item.",
    key=("item_no",),
    columns=(Column(name="item_no", description="Synthetic."),),
)
DATED_TABLE = TABLE.model_copy(
    update={
        "table": "synthetic_dated",
        "files": (r"skaits_(?P<as_of>\d{8})",),
        "columns": (*TABLE.columns, Column(name="as_of_on", from_file_name="as_of", description="Synthetic.")),
    }
)
CONTRACTS = (TABLE, DATED_TABLE)
SYNTHETIC_SOURCE = """
document_code: synthetic
title_lv: "Sintētisks"
title_en: Synthetic
author: Nobody
commissioned_by: Nobody
contract: none
text_sha256: none
form: Synthetic.
rights: none
received_on: 2026-01-31
"""


def strategy_folder(landing: Path, code: str = "synthetic-strategy", source: str = SYNTHETIC_SOURCE) -> Path:
    folder = landing / code
    folder.mkdir(parents=True)
    (folder / SOURCE_FILE).write_text(source, "utf-8")
    return folder


def test_each_folder_is_a_strategy_with_its_document(tmp_path: Path) -> None:
    strategy_folder(tmp_path, "synthetic-b")
    strategy_folder(tmp_path, "synthetic-a")
    (tmp_path / "notes.txt").write_text("no strategy", "utf-8")
    strategies = find_strategies(tmp_path)
    assert [strategy.code for strategy in strategies] == ["synthetic-a", "synthetic-b"]
    assert strategies[0].document.received_on == date(2026, 1, 31)


def zone_of(tmp_path: Path, *names: str) -> LandingZone:
    """Lay files into the folder of the synthetic source, empty ones, and find them."""
    folder = tmp_path / "synthetic-strategy"
    if not folder.exists():
        strategy_folder(tmp_path)
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return find_files(tmp_path, CONTRACTS)


def refused(zone: LandingZone) -> list[tuple[str, str]]:
    return [(file.name.removeprefix("synthetic-strategy/"), file.rejection.rule) for file in zone.refused]


def found(zone: LandingZone) -> list[str]:
    return [file.file.name.removeprefix("synthetic-strategy/") for file in zone.found]


def test_a_file_is_known_by_its_path_below_the_landing_folder(tmp_path: Path) -> None:
    (only,) = zone_of(tmp_path, "synthetic_source/synthetic_table.csv").found
    assert only.contract is TABLE
    assert only.file.name == "synthetic-strategy/synthetic_source/synthetic_table.csv"
    assert only.file.path == tmp_path / only.file.name
    assert (only.file.strategy_code, only.file.vintage) == ("synthetic-strategy", FIRST_DAY)


def test_a_folder_named_after_a_day_gives_the_vintage(tmp_path: Path) -> None:
    zone = zone_of(
        tmp_path,
        "synthetic_source/synthetic_table.csv",
        "synthetic_source/2026-02-28/synthetic_table.csv",
        "synthetic_source/2026-03-01/SYNTHETIC_TABLE.XLSX",
    )
    assert [file.file.vintage for file in zone.found] == [date(2026, 2, 28), date(2026, 3, 1), FIRST_DAY]
    assert len({file.lineage for file in zone.found}) == 1
    assert zone.refused == []


def test_a_table_may_have_several_files_at_once_each_with_what_its_name_tells(tmp_path: Path) -> None:
    zone = zone_of(tmp_path, "synthetic_source/skaits_01102024.csv", "synthetic_source/Skaits_01102025.xlsx")
    assert [dict(file.file.captured) for file in zone.found] == [{"as_of": "01102025"}, {"as_of": "01102024"}]
    assert len({file.lineage for file in zone.found}) == 2
    assert zone.files_of(DATED_TABLE) == zone.found


@pytest.mark.parametrize(
    ("name", "rule", "expected"),
    [
        ("synthetic_source/synthetic_tabel.csv", "unknown_file", "↔ synthetic_table?"),
        ("synthetic_source/skaits.csv", "unknown_file", r"synthetic_table, skaits_(?P<as_of>\d{8})"),
        ("synthetic_sauce/synthetic_table.csv", "unknown_source", "↔ synthetic_source?"),
        ("synthetic_table.csv", "misplaced_file", "synthetic_source"),
        ("synthetic_source/old/synthetic_table.csv", "folder_without_day", "old"),
        ("synthetic_source/2026-02-30/synthetic_table.csv", "folder_without_day", "2026-02-30"),
        ("synthetic_source/2026-02-28/2026-03-01/synthetic_table.csv", "folder_without_day", "2026-03-01"),
        ("synthetic_source/2026-02-28/old/deep/synthetic_table.csv", "folder_without_day", "deep"),
        ("synthetic_source/synthetic_table.origin.yml", "sidecar_without_file", ""),
    ],
)
def test_what_nobody_knows_is_refused_with_the_closest_name_and_the_rest_is_found(
    tmp_path: Path, name: str, rule: str, expected: str
) -> None:
    zone = zone_of(tmp_path, "synthetic_source/skaits_01102024.csv", name)
    assert found(zone) == ["synthetic_source/skaits_01102024.csv"]
    assert refused(zone) == [(name, rule)]
    ((only),) = zone.refused
    assert only.rejection.expected == expected
    for language in ("lv", "en"):
        assert only.name in only.rejection.message(language)


def test_a_file_that_two_tables_expect_is_refused(tmp_path: Path) -> None:
    strategy_folder(tmp_path)
    path = tmp_path / "synthetic-strategy" / "synthetic_source" / "synthetic_table.csv"
    path.parent.mkdir()
    path.touch()
    twin = TABLE.model_copy(update={"table": "synthetic_twin", "files": ("synthetic_.*",)})
    zone = find_files(tmp_path, (TABLE, twin))
    assert refused(zone) == [("synthetic_source/synthetic_table.csv", "ambiguous_file")]
    assert zone.refused[0].rejection.expected == "synthetic_table, synthetic_twin"


@pytest.mark.parametrize(
    "rival", ["synthetic_source/synthetic_table.xlsx", "synthetic_source/2026-01-31/synthetic_table.csv"]
)
def test_two_files_of_one_name_and_day_are_both_refused(tmp_path: Path, rival: str) -> None:
    zone = zone_of(tmp_path, "synthetic_source/synthetic_table.csv", rival)
    assert found(zone) == []
    assert sorted(refused(zone)) == sorted(
        [("synthetic_source/synthetic_table.csv", "handed_in_twice"), (rival, "handed_in_twice")]
    )


@pytest.mark.parametrize(
    "name",
    ["~$synthetic_table.xlsx", ".DS_Store", "Thumbs.db", ".~lock.a.csv#", "a.csv.part", "a.csv~", ".hidden/a.csv"],
)
def test_what_other_programs_leave_is_ignored_and_listed(tmp_path: Path, name: str) -> None:
    zone = zone_of(tmp_path, f"synthetic_source/{name}")
    assert (zone.found, zone.refused) == ([], [])
    assert zone.ignored == [f"synthetic-strategy/synthetic_source/{Path(name).parts[0]}"]
    assert [path for path, _ in landing_paths(tmp_path)] == ["synthetic-strategy/source.yml"]


@pytest.mark.parametrize("target", ["secret.csv", "folder", "absent", "/dev/zero"])
def test_a_link_out_of_the_landing_folder_is_refused_and_not_followed(tmp_path: Path, target: str) -> None:
    outside, landing = tmp_path / "outside", tmp_path / "landing"
    (outside / "folder").mkdir(parents=True)
    (outside / "folder" / "synthetic_table.csv").write_text("item_no\nsecret\n", "utf-8")
    (outside / "secret.csv").write_text("item_no\nsecret\n", "utf-8")
    zone_of(landing)
    source = landing / "synthetic-strategy" / "synthetic_source"
    source.mkdir()
    (source / "synthetic_table.csv").symlink_to(outside / target)
    zone = find_files(landing, CONTRACTS)
    assert found(zone) == []
    assert refused(zone) == [("synthetic_source/synthetic_table.csv", "no_file_of_its_own")]
    assert zone.refused[0].sha256 is None


def test_a_link_within_the_landing_folder_is_a_file_like_any_other(tmp_path: Path) -> None:
    zone_of(tmp_path, "synthetic_source/2026-02-28/synthetic_table.csv")
    source = tmp_path / "synthetic-strategy" / "synthetic_source"
    (source / "synthetic_table.csv").symlink_to(source / "2026-02-28" / "synthetic_table.csv")
    assert len(zone_of(tmp_path).found) == 2


def test_a_source_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "synthetic_table.csv").touch()
    zone_of(tmp_path / "landing")
    (tmp_path / "landing" / "synthetic-strategy" / "synthetic_source").symlink_to(tmp_path / "outside")
    zone = find_files(tmp_path / "landing", CONTRACTS)
    assert (found(zone), refused(zone)) == ([], [("synthetic_source", "no_file_of_its_own")])


def test_a_hidden_folder_is_no_strategy(tmp_path: Path) -> None:
    strategy_folder(tmp_path)
    (tmp_path / ".git").mkdir()
    assert [strategy.code for strategy in find_strategies(tmp_path)] == ["synthetic-strategy"]


def test_a_pipe_is_refused_and_nobody_waits_for_it(tmp_path: Path) -> None:
    zone_of(tmp_path)
    source = tmp_path / "synthetic-strategy" / "synthetic_source"
    source.mkdir()
    os.mkfifo(source / "synthetic_table.csv")
    assert refused(zone_of(tmp_path)) == [("synthetic_source/synthetic_table.csv", "no_file_of_its_own")]


def test_a_name_with_broken_bytes_or_control_characters_can_be_printed_and_stored(tmp_path: Path) -> None:
    strategy_folder(tmp_path)
    folder = os.fsencode(tmp_path / "synthetic-strategy" / "synthetic_source")
    os.makedirs(folder)  # noqa: PTH103 - the name below is no text
    for name in (b"bad\xffname.csv", "lentis\u0308\n\u202e.csv".encode()):
        with open(os.path.join(folder, name), "wb"):  # noqa: PTH118, PTH123
            pass
    names = [file.name for file in zone_of(tmp_path).refused]
    assert names == [
        "synthetic-strategy/synthetic_source/bad\\udcffname.csv",
        "synthetic-strategy/synthetic_source/lentiš\\u000a\\u202e.csv".replace("š", "s\u0308"),
    ]
    assert all(name.isprintable() or "\u0308" in name for name in names)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("Skaits.CSV", "skaits"),
        ("skaits.csv.zip", "skaits"),
        ("skaits_v1.2.xlsx", "skaits_v1.2"),
        ("a\u0304.csv", "ā"),
    ],
)
def test_a_stem_is_what_names_the_content_whatever_the_form(name: str, stem: str) -> None:
    assert stem_of(name) == stem


def test_a_composed_and_a_decomposed_name_are_one(tmp_path: Path) -> None:
    assert shown_name("re\u0304zekne") == "rēzekne"


# --- Origins ---


ORIGIN = """
publisher: Synthetic publisher
title: Synthetic title
licence: CC0
url: https://example.org/synthetic.csv
as_of_on: 2025-10-01
retrieved_at: 2026-01-31 01:02:03+00:00
sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
etag: kept for the client
"""


def test_a_sidecar_tells_the_origin_of_its_file(tmp_path: Path) -> None:
    sidecar = tmp_path / "synthetic-strategy" / "synthetic_source" / "synthetic_table.origin.yml"
    zone_of(tmp_path, "synthetic_source/synthetic_table.csv")
    sidecar.write_text(ORIGIN, "utf-8")
    (only,) = zone_of(tmp_path).found
    assert only.origin is not None
    assert (only.origin.publisher, only.origin.as_of_on) == ("Synthetic publisher", date(2025, 10, 1))


@pytest.mark.parametrize(
    ("content", "rule", "told"),
    [
        ("as_of_on: last winter", "malformed_origin", "as_of_on"),
        ("[never closed", "malformed_origin", "expected ',' or ']'"),
        ("sha256: '0000'", "other_than_its_origin", "0000"),
    ],
)
def test_a_file_that_contradicts_its_origin_is_refused(tmp_path: Path, content: str, rule: str, told: str) -> None:
    zone_of(tmp_path, "synthetic_source/synthetic_table.csv")
    sidecar = tmp_path / "synthetic-strategy" / "synthetic_source" / "synthetic_table.origin.yml"
    sidecar.write_text(content, "utf-8")
    zone = zone_of(tmp_path)
    assert refused(zone) == [("synthetic_source/synthetic_table.csv", rule)]
    assert told in zone.refused[0].rejection.expected
    assert zone.refused[0].contract is TABLE


# --- Which file is in force ---


def file_of(day: date, stem: str = "synthetic_table", ending: str = ".csv") -> FoundFile:
    path = Path(f"{day}/{stem}{ending}")
    return FoundFile(LandingFile(path, str(path), "synthetic-strategy", day), TABLE)


def test_a_file_is_in_force_until_the_next_of_its_name_whatever_its_form() -> None:
    first, second, third = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)
    files = [file_of(third), file_of(first), file_of(second, ending=".xlsx"), file_of(first, stem="other")]
    assert superseded_on(files) == {
        f"{first}/synthetic_table.csv": second,
        f"{second}/synthetic_table.xlsx": third,
        f"{third}/synthetic_table.csv": None,
        f"{first}/other.csv": None,
    }


@pytest.mark.parametrize("landing", ["empty", "absent"])
def test_a_landing_zone_without_a_strategy_says_what_to_do(tmp_path: Path, landing: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(LandingError, match=f"{landing}: no strategy folder found"):
        find_strategies(tmp_path / landing)


def test_a_folder_that_does_not_tell_its_origin_is_refused(tmp_path: Path) -> None:
    (tmp_path / "synthetic-strategy").mkdir()
    with pytest.raises(LandingError, match=r"source\.yml is missing"):
        find_strategies(tmp_path)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (SYNTHETIC_SOURCE.replace("author: Nobody\n", "").encode(), "author"),
        (SYNTHETIC_SOURCE.replace("2026-01-31", "last winter").encode(), "received_on"),
        (SYNTHETIC_SOURCE.encode() + b"licence: unknown to the model\n", "licence"),
        (b"document_code: [never closed", "expected ',' or ']'"),
        (SYNTHETIC_SOURCE.encode("windows-1257"), "utf-8"),
        (b"", "valid dictionary"),
    ],
    ids=["field_missing", "not_a_date", "field_unknown", "not_yaml", "not_utf_8", "empty"],
)
def test_a_malformed_origin_is_refused_with_its_path_and_its_fault(
    tmp_path: Path, content: bytes, named: str
) -> None:
    (strategy_folder(tmp_path) / SOURCE_FILE).write_bytes(content)
    with pytest.raises(LandingError, match=r"source\.yml is malformed") as raised:
        find_strategies(tmp_path)
    assert named in str(raised.value)


@pytest.mark.parametrize("found_file", FILES)
def test_every_row_of_the_repository_s_files_is_accepted(found_file: FoundFile) -> None:
    result = read_landing_file(found_file.file, found_file.contract, load_marks())
    assert [rejection.message("en") for rejection in result.rejections] == []
    assert result.accepted.num_rows > 0


def test_every_file_of_the_repository_has_a_contract() -> None:
    zone = find_files(LANDING, load_contracts())
    assert [refused_file.name for refused_file in zone.refused] == []
    assert len(zone.found) == len(FILES) > 0


# --- Mappings handed in by themselves ---

EXPORTS = TABLE.model_copy(update={"table": "answer", "files": (".*",), "reader": "survey_answers"})
MAPPING = "synthetic_answers.mapping.yml"


def lay(folder: Path, *names: str) -> LandingZone:
    """Lay files into the folder of a source of exports, each with its own name in it, and find them."""
    strategy = folder / "synthetic-strategy"
    if not strategy.exists():
        strategy_folder(folder)
    for name in names:
        path = strategy / "synthetic_source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, "utf-8")
    return find_files(folder, [EXPORTS])


def exports(zone: LandingZone) -> list[tuple[str, str, str | None]]:
    """Return (path, export, mapping handed in by itself) of the files found, below the source's folder."""
    return [
        (
            found.file.name.removeprefix("synthetic-strategy/synthetic_source/"),
            found.file.path.read_text("utf-8"),
            found.file.mapping and found.file.mapping.read_text("utf-8"),
        )
        for found in zone.found
    ]


def test_a_mapping_of_a_later_day_gives_the_last_export_of_its_name_a_new_vintage(tmp_path: Path) -> None:
    zone = lay(
        tmp_path,
        "synthetic_answers.csv",
        MAPPING,
        "2026-02-28/synthetic_answers.XLSX",
        f"2026-02-28/{MAPPING}",
        f"2026-03-31/{MAPPING}",
        f"2026-04-30/{MAPPING.upper()}",
        "2026-05-31/synthetic_other.csv",
    )
    assert exports(zone) == [
        ("2026-02-28/synthetic_answers.XLSX", "2026-02-28/synthetic_answers.XLSX", None),
        ("2026-03-31/synthetic_answers.XLSX", "2026-02-28/synthetic_answers.XLSX", f"2026-03-31/{MAPPING}"),
        ("2026-04-30/synthetic_answers.XLSX", "2026-02-28/synthetic_answers.XLSX", f"2026-04-30/{MAPPING.upper()}"),
        ("2026-05-31/synthetic_other.csv", "2026-05-31/synthetic_other.csv", None),
        ("synthetic_answers.csv", "synthetic_answers.csv", None),
    ]
    replaced = superseded_on(zone.found)
    assert [str(replaced[found.file.name]) for found in zone.found] == [
        "2026-03-31",
        "2026-04-30",
        "None",
        "None",
        "2026-02-28",
    ]
    assert (zone.refused, len({found.lineage for found in zone.found})) == ([], 2)


def test_an_export_handed_in_later_beside_the_mapping_is_known_by_the_same_path(tmp_path: Path) -> None:
    zone = lay(tmp_path, "synthetic_answers.csv", MAPPING, f"2026-03-31/{MAPPING}")
    names = [found.file.name for found in zone.found]
    again = lay(tmp_path, "2026-03-31/synthetic_answers.csv")
    assert [found.file.name for found in again.found] == names


@pytest.mark.parametrize(
    ("names", "rule"),
    [
        ([f"2026-03-31/{MAPPING}"], "sidecar_without_file"),
        (["synthetic_other.csv", f"2026-03-31/{MAPPING}"], "sidecar_without_file"),
        ([f"2026-03-31/{MAPPING}", "2026-04-30/synthetic_answers.csv"], "sidecar_without_file"),
        (["synthetic_other.csv", MAPPING], "sidecar_without_file"),
        (["synthetic_answers.csv", f"2026-01-31/{MAPPING}"], "handed_in_twice"),
        (["synthetic_answers.csv", f"2026-03-31/{MAPPING}", f"2026-03-31/{MAPPING.upper()}"], "handed_in_twice"),
    ],
)
def test_a_mapping_that_fits_no_export_before_it_is_refused(tmp_path: Path, names: list[str], rule: str) -> None:
    zone = lay(tmp_path, *names)
    (refused,) = zone.refused
    assert refused.rejection.rule == rule
    assert refused.name.casefold().endswith(MAPPING)
    assert refused.sha256
    told = {found.file.mapping or found.file.path for found in zone.found} | {refused.path}
    assert len(told) == len(names)


def test_a_mapping_that_is_a_link_out_of_the_landing_zone_is_not_read(tmp_path: Path) -> None:
    lay(tmp_path / "landing", "synthetic_answers.csv")
    secret = tmp_path / "secret.yml"
    secret.write_text("secret", "utf-8")
    (tmp_path / "landing" / "synthetic-strategy" / "synthetic_source" / MAPPING).symlink_to(secret)
    zone = lay(tmp_path / "landing")
    assert zone.found == []
    assert {Path(refused.name).name: refused.rejection.rule for refused in zone.refused} == {
        "synthetic_answers.csv": "mapping_missing",
        MAPPING: "no_file_of_its_own",
    }
