"""Building, switching, freezing: whole or not at all, and the same bytes each time."""

import csv
import io
import json
import xml.etree.ElementTree as ET
from datetime import date, datetime
from pathlib import Path
from shutil import copyfile

import duckdb
import openpyxl
import pyarrow.parquet as pq
import pytest
from pypdf import PdfReader

from report.build import build_report, freeze_edition, publish_report
from report.downloads import csv_text, xlsx_bytes
from report.editions import (
    EditionError,
    corrections,
    figures,
    published_by,
    read_editions,
    read_figures,
    write_figures,
)
from report.pdf import PdfError, Printing
from report.published import NothingToReportError, Published
from report.views import Overview, sentences, without_flag_ids
from report.words import Words
from tests.report.conftest import Report
from warehouse.store import open_read_only

ATOM = "{http://www.w3.org/2005/Atom}"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def corrected(source: Path, target: Path, published_at: str) -> Path:
    """Copy a published file as if it were published at another time, with one value corrected."""
    copyfile(source, target)
    with duckdb.connect(str(target)) as connection:
        connection.execute("update audit.run set published_at = ?::timestamp", [published_at])
        connection.execute(
            "update marts.indicator_trend set value_numeric = 40.5 "
            "where series_key = 'liepaja-2020-2025/07/total' and period_key = '2023/2024'"
        )
    return target


def test_two_reports_on_one_file_are_the_same_bytes(report: Report, tmp_path: Path) -> None:
    build_report(report.published_file, tmp_path / "again", with_pdf=False)
    first, again = contents(report.folder), contents(tmp_path / "again")
    pdfs = {"lv/parskats.pdf", "en/report.pdf"}
    # Without the PDF, pages have no link to it.
    assert set(first) - set(again) == pdfs
    different = [name for name in again if first[name] != again[name] and not name.endswith(".html")]
    assert different == []
    build_report(report.published_file, tmp_path / "third", with_pdf=False)
    assert contents(tmp_path / "third") == again


def test_a_report_that_fails_leaves_the_one_before_in_place(report: Report, tmp_path: Path) -> None:
    place, editions = tmp_path / "place", tmp_path / "editions"
    publish_report(report.published_file, place, editions, with_pdf=False)
    before = contents(place / "report")
    broken = tmp_path / "broken.duckdb"
    with duckdb.connect(str(broken)) as connection:
        connection.execute("create schema core; create table core.dim_strategy as select 1 as strategy_code limit 0")
    with pytest.raises((NothingToReportError, duckdb.Error)):
        publish_report(broken, place, editions, with_pdf=False)
    assert contents(place / "report") == before
    assert len(list(place.iterdir())) == 2


def test_a_report_takes_the_place_of_the_one_before_in_one_rename(report: Report, tmp_path: Path) -> None:
    for _ in range(2):
        publish_report(report.published_file, tmp_path, tmp_path / "editions", with_pdf=False)
        (folder,) = tmp_path.glob(".report-*")
        assert (tmp_path / "report").readlink() == Path(folder.name)
        assert (tmp_path / "report" / "lv" / "index.html").is_file()
        assert folder.stat().st_mode & 0o777 == 0o755


def test_the_site_keeps_within_its_size(report: Report) -> None:
    for language in ("lv", "en"):
        size = sum(path.stat().st_size for path in (report.folder / language).rglob("*") if path.suffix != ".pdf")
        assert size < 5_000_000


# --- PDF ---


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("lv/parskats.pdf", ("Pārrāvumi un lēmumi", "īpatsvars", "ņ", "ļ", "„")),
        ("en/report.pdf", ("Breaks and decisions", "Share of learners")),
    ],
)
def test_the_pdf_is_tagged_has_an_outline_and_its_words_can_be_read(
    report: Report, name: str, words: tuple[str, ...]
) -> None:
    assert report.built.pdf_refused is None
    reader = PdfReader(report.folder / name)
    assert 40 < len(reader.pages) < 200
    root = reader.trailer["/Root"].get_object()
    assert "/StructTreeRoot" in root
    assert root["/Lang"] == name[:2]
    assert len(reader.outline) > 31
    # The first chapters hold enough of the words; all of them would take long.
    text = "\n".join(page.extract_text() for page in reader.pages[:20])
    assert [word for word in words if word not in text] == []
    assert f"2 / {len(reader.pages)}" in text
    links = [
        annotation
        for page in reader.pages
        for annotation in page.get("/Annots", [])
        if "/Dest" in annotation.get_object()
    ]
    assert len(links) >= 36
    width, height = reader.pages[0].mediabox.width, reader.pages[0].mediabox.height
    assert (round(float(width)), round(float(height))) == (595, 842)
    fonts = [
        font.get_object()
        for page in reader.pages
        for font in page["/Resources"].get("/Font", {}).values()  # type: ignore[index]
    ]
    assert fonts
    for font in fonts:
        for one in font.get("/DescendantFonts", [font]):
            descriptor = one.get_object().get("/FontDescriptor")
            assert font["/Subtype"] == "/Type3" or {"/FontFile", "/FontFile2", "/FontFile3"} & set(
                descriptor.get_object()
            )


def test_a_browser_that_prints_nothing_is_told_and_the_site_stands_without_pdf(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = report.folder / "index.html"
    with pytest.raises(PdfError, match="did not print"):
        Printing(page, tmp_path / "x.pdf", datetime(2026, 1, 31), "/bin/false").finish()
    monkeypatch.setenv("MERAUKLA_CHROMIUM", "/bin/false")
    built = build_report(report.published_file, tmp_path / "site")
    assert built.pdf_refused
    assert not (tmp_path / "site" / "lv" / "parskats.pdf").exists()
    assert not (tmp_path / "site" / "lv" / "parskats.html").exists()
    assert "parskats.pdf" not in (tmp_path / "site" / "lv" / "index.html").read_text("utf-8")


# --- Downloads ---


def test_downloads_hold_the_rows_of_the_marts_in_all_three_forms(report: Report) -> None:
    with open_read_only(report.published_file) as connection:
        rows = connection.execute(
            "select series_key, period_key, value_numeric, value_text from marts.indicator_trend "
            "where indicator_no = 5 order by series_key, period_order"
        ).fetchall()
    stem = report.folder / "data" / "indicator" / "05"
    table = pq.read_table(stem.with_suffix(".parquet")).select(
        ["series_key", "period", "value_numeric", "value_text"]
    )
    assert [tuple(row.values()) for row in table.to_pylist()] == rows
    with stem.with_suffix(".csv").open(encoding="utf-8-sig", newline="") as file:
        read = [(row["series_key"], row["period"], row["value_numeric"]) for row in csv.DictReader(file)]
    assert read == [(series, period, "" if value is None else str(value)) for series, period, value, _ in rows]
    book = openpyxl.load_workbook(stem.with_suffix(".xlsx"))
    assert book.sheetnames == ["observation", "target", "progress", "methodology"]
    header, *lines = book["observation"].iter_rows(values_only=True)
    places = [header.index(name) for name in ("series_key", "period", "value_numeric", "value_text")]
    assert [tuple(line[place] for place in places) for line in lines] == rows


def test_what_a_source_sends_is_never_a_formula() -> None:
    rows = [{"a": '=HYPERLINK("x")', "b": "+ 2%", "c": "-cmd", "d": "@SUM(1)", "e": "\x00 & <b>"}]
    line = next(csv.reader(io.StringIO(csv_text(rows, list("abcde")).split("\n", 1)[1])))
    assert line[:4] == ['\'=HYPERLINK("x")', "+ 2%", "'-cmd", "'@SUM(1)"]
    cells = openpyxl.load_workbook(io.BytesIO(xlsx_bytes({"s": rows})))["s"][2]
    assert [cell.data_type for cell in cells] == ["s"] * 5
    assert [cell.value for cell in cells] == ['=HYPERLINK("x")', "+ 2%", "-cmd", "@SUM(1)", "\ufffd & <b>"]


# --- For programs ---


def test_each_page_describes_its_data_for_programs(report: Report) -> None:
    for address in report.pages:
        if "/" not in address:
            continue
        html = (report.folder / address).read_text("utf-8")
        text = html.split('<script type="application/ld+json">')[1].split("</script>")[0]
        content = json.loads(text)
        assert content["@type"] == ["Dataset", "dcat:Dataset"]
        assert content["inLanguage"] == address[:2]
        for one in content["distribution"]:
            assert (report.folder / address).parent.joinpath(one["contentUrl"]).resolve().is_file()


def test_the_sitemap_names_every_page_and_the_feed_what_is_new(report: Report, published: Published) -> None:
    sitemap = ET.parse(report.folder / "sitemap.xml").getroot()  # noqa: S314 - written by us
    assert len(list(sitemap)) == report.built.pages
    for name in ("lv/jaunumi.atom", "en/feed.atom"):
        feed = ET.parse(report.folder / name).getroot()  # noqa: S314 - written by us
        new = [flag for flag in published.flags if flag.flag_key in published.run.new_suspicions]
        decided = [flag for flag in published.flags if flag.kind in {"confirmed", "dismissed"}]
        assert len(feed.findall(f"{ATOM}entry")) == len(new) + len(decided)
        assert feed.findtext(f"{ATOM}updated") == f"{published.run.published_at:%Y-%m-%dT%H:%M:%SZ}"


def test_addresses_are_whole_where_the_site_knows_where_it_stands(report: Report, tmp_path: Path) -> None:
    build_report(report.published_file, tmp_path / "site", with_pdf=False, base_url="https://example.org/report/")
    html = (tmp_path / "site" / "en" / "indicator" / "07" / "index.html").read_text("utf-8")
    assert '<link rel="canonical" href="https://example.org/report/en/indicator/07/">' in html
    assert 'hreflang="lv" href="https://example.org/report/lv/raditajs/07/"' in html
    assert "https://example.org/report/lv/raditajs/07/" in (tmp_path / "site" / "sitemap.xml").read_text("utf-8")


# --- Plain words ---


def test_no_sentence_claims_a_comparison_that_the_marts_refuse(whole: Overview) -> None:
    claims = {"lv": ("Labāk nekā", "Sliktāk nekā", "Tāpat kā"), "en": ("Better than", "Worse than", "The same as")}
    for language, openings in claims.items():
        words = Words(language, whole.published.periods)
        for series in whole.series:
            for progress in series.progress:
                said = sentences(progress, words)
                assert any(one.startswith(openings) for one in said) == (
                    progress.is_comparable and progress.change is not None and progress.is_improving is not None
                ) or (progress.change == 0), (series.key, said)
                assert said, series.key


def test_a_move_since_last_year_is_told_only_where_compare_gives_a_difference(
    whole: Overview, report: Report
) -> None:
    before, after = whole.periods[-2:]
    with open_read_only(report.published_file) as connection:
        for series in whole.series:
            (row,) = connection.execute(
                "select difference from marts.compare(?, ?, ?)", [series.key, before, after]
            ).fetchall()
            difference = row[0]
            wished = {"up": 1, "down": -1}.get(str(series.progress[-1].desired_direction))
            if difference is None or wished is None:
                assert series.move == "unknown", series.key
            else:
                expected = "same" if difference == 0 else "better" if difference * wished > 0 else "worse"
                assert series.move == expected, series.key


def test_ids_of_flags_are_not_shown_to_the_public() -> None:
    assert without_flag_ids("From 10 % [eb5ab4b0] to 4 %. [aaf15cd7]") == "From 10 % to 4 %."
    assert without_flag_ids("[see note] stays [abc]") == "[see note] stays [abc]"


# --- Frozen editions ---


def test_a_frozen_edition_stays_and_later_corrections_are_listed_against_it(report: Report, tmp_path: Path) -> None:
    editions = tmp_path / "editions"
    early = corrected(report.published_file, tmp_path / "early.duckdb", "2026-03-01 02:00:00")
    frozen = freeze_edition([early, report.published_file], editions, date(2026, 3, 31), with_pdf=False)
    assert frozen.folder == editions / "2026-03-31"
    before = contents(frozen.folder)
    built = publish_report(report.published_file, tmp_path, editions, with_pdf=False)
    (edition,) = built.editions
    (correction,) = edition.corrections
    assert (correction.series_key, correction.period_key) == ("liepaja-2020-2025/07/total", "2023/2024")
    assert (correction.field, correction.before, correction.after) == ("value", "40.5", "41")
    page = (tmp_path / "report" / "en" / "editions" / "index.html").read_text("utf-8")
    assert "40.5" in page
    assert (tmp_path / "report" / "editions" / "2026-03-31" / "lv" / "raditajs" / "07" / "index.html").is_file()
    assert contents(frozen.folder) == before
    with pytest.raises(EditionError, match="frozen already"):
        freeze_edition([early], editions, date(2026, 3, 31), with_pdf=False)


def test_an_edition_is_of_what_stood_at_the_end_of_its_day(report: Report, tmp_path: Path) -> None:
    early = corrected(report.published_file, tmp_path / "early.duckdb", "2026-03-01 02:00:00")
    late = corrected(report.published_file, tmp_path / "late.duckdb", "2026-04-01 02:00:00")
    damaged = tmp_path / "damaged.duckdb"
    damaged.write_bytes(b"no database")
    files = [late, damaged, early]
    assert published_by(date(2026, 3, 31), files) == early
    assert published_by(date(2026, 4, 1), files) == late
    with pytest.raises(EditionError, match="the oldest is of 2026-03-01"):
        published_by(date(2026, 2, 1), files)


def test_figures_survive_being_written_and_what_is_gone_or_new_is_a_correction(
    published: Published, tmp_path: Path
) -> None:
    now = figures(published)
    write_figures(now, tmp_path / "figures.csv")
    assert read_figures(tmp_path / "figures.csv") == now
    assert corrections(now, now) == ()
    key = next(iter(now))
    without = {other: figure for other, figure in now.items() if other != key}
    (gone,) = corrections(now, without)
    assert gone.after is None
    (late,) = corrections(without, now)
    assert late.before is None
    # A period that the edition did not have is news, not a correction.
    later = {**now, (key[0], "2025/2026", "observed"): now[key]}
    assert corrections(now, later) == ()
    assert read_editions(tmp_path, "liepaja-2020-2025", now) == ()
