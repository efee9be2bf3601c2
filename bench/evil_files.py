"""Synthetic files that a reader must survive: made by code, each with what must be said of it.

Nothing here is a fact. Sizes are those that break readers, not those that break machines: what is huge is packed.
"""

import io
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

from warehouse.contract import Column, Contract

CONTRACT = Contract(
    source="synthetic_source",
    table="synthetic_table",
    grain="One row a synthetic number and name.",
    key=("item_no",),
    columns=(
        Column(name="item_no", type="integer", required=True, description="Synthetic."),
        Column(name="item_name", label_lv="Nosaukums", label_en="Name", description="Synthetic."),
        Column(name="learner_count", type="count", description="Synthetic."),
        Column(name="register_no", type="code", width=10, optional=True, description="Synthetic."),
        Column(name="opened_on", type="date", form="%d.%m.%Y", optional=True, description="Synthetic."),
        Column(name="value_printed", type="printed", optional=True, description="Synthetic."),
    ),
)
HEADER = ("item_no", "item_name", "learner_count")
CSV = "item_no;item_name;learner_count\n1;spoon;12\n2;bļoda;\n"

_NAMESPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True, slots=True)
class EvilFile:
    """One file.

    Attributes:
        name: what it is.
        content: its bytes.
        rules: what must be said of it; empty if all of its rows are to be accepted.
        accepted: how many of its rows are to be accepted.
    """

    name: str
    content: bytes
    rules: frozenset[str] = frozenset()
    accepted: int = 0


def archive(members: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a ZIP archive of the members."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as packed:
        for name, content in members.items():
            packed.writestr(zipfile.ZipInfo(name), content, method)
    return stream.getvalue()


def cell(reference: str, value: str | float | None, attributes: str = "") -> str:
    """Return a cell in the XML of a sheet: a text within the cell, or a number."""
    if value is None:
        return f'<c r="{reference}"{attributes}/>'
    if isinstance(value, str):
        return (
            f'<c r="{reference}" t="inlineStr"{attributes}><is><t xml:space="preserve">{escape(value)}</t></is></c>'
        )
    return f'<c r="{reference}"{attributes}><v>{value!r}</v></c>'


def row(number: int, *cells: str, attributes: str = "") -> str:
    """Return a row in the XML of a sheet."""
    return f'<row r="{number}"{attributes}>{"".join(cells)}</row>'


def plain_row(number: int, *values: str | float | None) -> str:
    """Return a row of values that begins in column A."""
    return row(number, *(cell(f"{chr(65 + index)}{number}", value) for index, value in enumerate(values)))


def sheet(rows: str, after: str = "", before: str = "") -> str:
    """Return the XML of a sheet."""
    data = f"<sheetData>{rows}</sheetData>"
    return f'<?xml version="1.0" encoding="UTF-8"?>{before}<worksheet {_NAMESPACE}>{data}{after}</worksheet>'


def workbook(
    sheets: Mapping[str, str] | str,
    states: Mapping[str, str] | None = None,
    parts: Mapping[str, str | bytes] | None = None,
) -> bytes:
    """Return a workbook of sheets, given by their XML.

    Args:
        sheets: name → XML, or the XML of the only sheet.
        states: name → `hidden` or `veryHidden`.
        parts: further parts, or parts to stand instead of those that are made here.
    """
    named = {"Lapa1": sheets} if isinstance(sheets, str) else sheets
    entries = "".join(
        f'<sheet name="{escape(name)}" sheetId="{number}" r:id="rId{number}" '
        f'state="{(states or {}).get(name, "visible")}"/>'
        for number, name in enumerate(named, 1)
    )
    relations = "".join(
        f'<Relationship Id="rId{number}" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet{number}.xml"/>'
        for number in range(1, len(named) + 1)
    )
    main = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    return archive(
        {
            "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
            f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
            f'ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
            f'ContentType="{main}.sheet.main+xml"/></Types>',
            "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
            f'Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook {_NAMESPACE} xmlns:r="{_RELATIONS}"><sheets>{entries}</sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
            f"{relations}</Relationships>",
            **{f"xl/worksheets/sheet{number}.xml": xml for number, xml in enumerate(named.values(), 1)},
            **(parts or {}),
        }
    )


def styles(*codes: str) -> str:
    """Return the styles part: cell format 0 is general, format n shows numbers by the n-th code."""
    formats = "".join(
        f'<numFmt numFmtId="{163 + number}" formatCode="{escape(code, {chr(34): "&quot;"})}"/>'
        for number, code in enumerate(codes, 1)
    )
    used = "".join(f'<xf numFmtId="{163 + number}"/>' for number in range(1, len(codes) + 1))
    return (
        f'<styleSheet {_NAMESPACE}><numFmts count="{len(codes)}">{formats}</numFmts>'
        f'<cellXfs count="{len(codes) + 1}"><xf numFmtId="0"/>{used}</cellXfs></styleSheet>'
    )


TITLE = plain_row(1, *HEADER)
GOOD = TITLE + plain_row(2, 1, "spoon", 12) + plain_row(3, 2, "bļoda", None)


def _lying(content: bytes, size: int) -> bytes:
    """Make an archive of one member state another size of it than it has."""
    packed = bytearray(content)
    for mark, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", packed, packed.index(mark) + place, size)
    return bytes(packed)


def _with_flag(content: bytes, flag: int) -> bytes:
    packed = bytearray(content)
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        struct.pack_into("<H", packed, packed.index(mark) + place, flag)
    return bytes(packed)


def _link() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        info = zipfile.ZipInfo("table.csv")
        info.external_attr = 0o120777 << 16
        packed.writestr(info, "/etc/passwd")
    return stream.getvalue()


def _twice() -> bytes:
    content = archive({"a.csv": CSV, "b.csv": CSV}, zipfile.ZIP_STORED)
    return content.replace(b"b.csv", b"a.csv")


_LAUGHS = (
    '<!DOCTYPE lolz [<!ENTITY lol "lol">'
    + "".join(f'<!ENTITY lol{number} "{f"&lol{number - 1 or str()};" * 10}">' for number in range(1, 10))
    + "]>"
)
_OUTSIDE = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'


def _formula(reference: str, formula: str, value: str) -> str:
    return f'<c r="{reference}"><f>{escape(formula)}</f>{value}</c>'


def evil_files() -> Iterator[EvilFile]:
    """Make all of them, one after the other."""
    for name, content, rules, accepted in (*_texts(), *_archives(), *_workbooks()):
        made = content() if callable(content) else content
        yield EvilFile(name, made, frozenset(rules.split()), accepted)


_Made = tuple[str, bytes | Callable[[], bytes], str, int]


def _texts() -> Iterator[_Made]:
    utf8 = CSV.encode()
    yield "good", utf8, "", 2
    yield "utf-8 with mark", b"\xef\xbb\xbf" + utf8, "", 2
    yield "windows-1257", CSV.encode("windows-1257"), "", 2
    yield "tabs", utf8.replace(b";", b"\t"), "", 2
    yield "commas", utf8.replace(b";", b","), "", 2
    yield "line of the separator", b"sep=;\n" + utf8, "", 2
    yield "title rows", b"Tabula;;\n;;\n" + utf8, "", 2
    yield "headers in Latvian", CSV.replace("item_name", " NOSAUKUMS ").encode(), "", 2
    yield "utf-16", CSV.encode("utf-16"), "unknown_encoding", 0
    yield "mixed encodings", utf8 + "3;ķērpis;\n".encode("windows-1257"), "mixed_encodings", 0
    yield "mark and then another encoding", b"\xef\xbb\xbf" + CSV.encode("windows-1257"), "mixed_encodings", 0
    yield "no encoding at all", utf8 + b"3;\x81\x83;\n", "mixed_encodings", 0
    yield "unassigned byte", b"item_no;item_name;learner_count\n1;\x81;\n", "unknown_encoding", 0
    yield "nul in a cell", utf8 + b"3;a\x00b;\n", "control_character", 2
    yield "nothing but nul", b"\x00" * 5000, "missing_column unknown_column", 0
    yield "nothing", b"", "empty_file", 0
    yield "nothing but a mark", b"\xef\xbb\xbf", "empty_file", 0
    yield "nothing but line ends", b"\r\n" * 1000, "empty_file", 0
    yield "headers twice", utf8.replace(b"learner_count", b"ITEM NAME", 1), "duplicate_column missing_column", 0
    yield "a million columns", b"a," * 10**6, "too_many_columns", 0
    yield "a million columns in a row", utf8 + b"3" + b";" * 10**6 + b"x\n", "wrong_width", 2
    yield "a long line", utf8 + b"3;" + b"x" * 10**6 + b";\n", "unreadable_file", 0
    yield "quotation mark never closed", utf8 + b'3;"spoon;\n', "unreadable_file", 0
    yield "quotation mark closed early", utf8 + b'3;"spoon"s;\n', "unreadable_file", 0
    yield "huge numbers", utf8 + b"9" * 400 + b";spoon;1e400\n", "not_an_integer not_a_count", 2
    yield "formula as text", utf8 + b"3;=cmd|' /C calc'!A0;\n4;@SUM(A1);\n", "", 4
    yield "web page", b"<html><body><table><tr><td>item_no</td></tr></table>", "markup_file", 0
    yield "spreadsheet of 2003", b'<?xml version="1.0"?><Workbook/>', "markup_file", 0
    yield "old workbook", OLE + b"\x00" * 5000, "old_workbook", 0
    yield "encrypted workbook", OLE + b"\x00" * 512 + "EncryptedPackage".encode("utf-16-le"), "encrypted_file", 0
    yield "portable document", b"%PDF-1.7\n%\xe2\xe3", "other_format", 0
    yield "gzip", b"\x1f\x8b\x08\x00", "other_format", 0
    yield "header in row 25", b"title\n" * 24 + utf8, "missing_column unknown_column", 0


def _archives() -> Iterator[_Made]:
    yield "packed csv", archive({"in/table.csv": CSV, "__MACOSX/._table.csv": b"x", "in/": b""}), "", 2
    yield "packed workbook", archive({"table.xlsx": workbook(sheet(GOOD))}), "", 2
    yield "packed with bzip2", archive({"table.csv": CSV}, zipfile.ZIP_BZIP2), "", 2
    yield "packed with lzma", archive({"table.csv": CSV}, zipfile.ZIP_LZMA), "", 2
    yield "two members", archive({"a.csv": CSV, "b.csv": CSV}), "not_one_member", 0
    yield "no member", archive({}), "not_one_member", 0
    yield "archive in an archive", archive({"a.zip": archive({"a.csv": CSV})}), "other_format", 0
    yield "empty member", archive({"a.csv": b""}), "empty_file", 0
    yield "web page packed", archive({"a.csv": b"<html>"}), "markup_file", 0
    for name in ("../a.csv", "/etc/a.csv", "C:/a.csv", "a\\..\\b.csv", "x/../../a.csv", "a\n.csv"):
        yield f"member {name!r}", archive({name: CSV}), "unsafe_member", 0
    yield "member with nul", archive({"a?.csv": CSV}).replace(b"a?.csv", b"a\x00.csv"), "unsafe_member", 0
    yield "member that is a link", _link, "unsafe_member", 0
    yield "one name twice", _twice, "unsafe_member", 0
    yield "encrypted member", _with_flag(archive({"a.csv": CSV}), 1), "encrypted_file", 0
    yield "bomb", lambda: archive({"a.csv": b"0" * (300 << 20)}), "unpacked_too_large", 0
    yield "bomb that lies", lambda: _lying(archive({"a.csv": b"0" * (300 << 20)}), 10), "unreadable_file", 0
    yield "bomb in a workbook", lambda: workbook(sheet(" " * (300 << 20))), "unpacked_too_large", 0
    yield "three thousand members", lambda: archive({f"{n}.csv": b"" for n in range(3000)}), "too_many_members", 0
    whole = archive({"a.csv": CSV * 100})
    for part in (4, 10, 60, len(whole) // 2, len(whole) - 10):
        yield f"archive cut at {part}", whole[:part], "unreadable_file", 0


def _workbooks() -> Iterator[_Made]:
    yield "workbook", workbook(sheet(GOOD)), "", 2
    whole = workbook(sheet(GOOD))
    for part in (100, 400, len(whole) // 2, len(whole) - 5):
        yield f"workbook cut at {part}", whole[:part], "unreadable_file", 0
    yield "hidden sheet beside", workbook({"a": sheet(GOOD), "b": sheet(GOOD)}, {"b": "hidden"}), "", 2
    yield "hidden sheet alone", workbook({"a": sheet(GOOD)}, {"a": "veryHidden"}), "hidden_sheet", 0
    yield "two sheets that fit", workbook({"a": sheet(GOOD), "b": sheet(GOOD)}), "several_sheets", 0
    yield "sheet of notes beside", workbook({"a": sheet(plain_row(1, "a note")), "b": sheet(GOOD)}), "", 2
    yield "empty sheet", workbook(sheet("")), "empty_file", 0
    yield (
        "sheet without its part",
        workbook(sheet(GOOD), parts={"xl/_rels/workbook.xml.rels": "<x/>"}),
        "unreadable_file",
        0,
    )
    yield "entities outside", workbook(sheet(GOOD, before=_OUTSIDE)), "unsafe_xml", 0
    yield "billion laughs", workbook(sheet(GOOD), parts={"xl/sharedStrings.xml": _LAUGHS + "<sst/>"}), "unsafe_xml", 0
    calculated = row(4, cell("A4", 3), _formula("B4", 'HYPERLINK("x")', ""), cell("C4", 1))
    yield "formula without a value", workbook(sheet(GOOD + calculated)), "formula_without_value", 2
    calculated = row(4, _formula("A4", "1+2", "<v>3</v>"), cell("B4", "x"), _formula("C4", "A4", "<v>3</v>"))
    yield "formula with a value", workbook(sheet(GOOD + calculated)), "", 3
    wrong = row(4, cell("A4", 3), '<c r="B4" t="e"><v>#REF!</v></c>', cell("C4", 1))
    yield "error in a cell", workbook(sheet(GOOD + wrong)), "error_cell", 2
    never = "".join(row(n, *(_formula(f"{c}{n}", "1", "") for c in "ABC")) for n in range(2, 5))
    yield "rows of formulas that were never calculated", workbook(sheet(TITLE + never)), "formula_without_value", 0
    yield (
        "nothing but errors",
        workbook(sheet('<row r="5"><c r="D5" t="e"><v>#N/A</v></c></row>')),
        ("empty_file"),
        0,
    )
    yield "formula as text", workbook(sheet(GOOD + plain_row(4, 3, "=cmd|' /C calc'!A0", 1))), "", 3
    merged = '<mergeCells count="1"><mergeCell ref="B2:B3"/></mergeCells>'
    yield "merged cells", workbook(sheet(GOOD, merged)), "merged_cell", 1
    everywhere = '<mergeCells count="1"><mergeCell ref="A2:XFD1048576"/></mergeCells>'
    yield "merged to the end", workbook(sheet(GOOD, everywhere)), "merged_cell", 0
    far = row(1048576, cell("XFD1048576", 1))
    yield "cell at the far end", workbook(sheet(GOOD + far)), "too_many_columns", 0
    yield "cell at the bottom", workbook(sheet(GOOD + row(1048576, cell("C1048576", 1)))), "required", 2
    yield (
        "cell far to the right and down",
        workbook(sheet(GOOD + row(1048576, cell("AZ1048576", 1)))),
        "too_many_cells",
        0,
    )
    yield "formats to the end", workbook(sheet(GOOD + row(1048576, cell("XFD1048576", None, ' s="0"')))), "", 2
    yield (
        "huge numbers",
        workbook(sheet(GOOD + row(4, '<c r="A4"><v>1e400</v></c>', cell("C4", 1e308)))),
        ("not_an_integer not_a_count"),
        2,
    )
    yield "not a number", workbook(sheet(GOOD + row(4, '<c r="A4"><v>NaN</v></c>'))), "not_an_integer", 2
    dates = {"xl/styles.xml": styles("yyyy-mm-dd", "h:mm")}
    yield (
        "date that never was",
        workbook(sheet(GOOD + row(4, cell("A4", 1e10, ' s="1"'))), parts=dates),
        ("not_an_integer"),
        2,
    )
    yield (
        "date in a count",
        workbook(sheet(GOOD + row(4, cell("A4", 3), cell("C4", 45000, ' s="1"'))), parts=dates),
        "date_instead_of_value",
        2,
    )
    yield (
        "shared text that is not there",
        workbook(sheet(TITLE + row(2, '<c r="A2" t="s"><v>99</v></c>'))),
        ("unreadable_file"),
        0,
    )
    yield "long text", lambda: workbook(sheet(GOOD + plain_row(4, 3, "x" * 200_000, 1))), "cell_too_long", 2
    yield (
        "note beside the table",
        workbook(sheet(GOOD + row(4, cell("A4", 3), cell("E4", "a note")))),
        ("cell_without_header"),
        2,
    )
    yield "nested tags", lambda: workbook(sheet(GOOD + "<x>" * 200_000)), "", 2
    yield "sheet cut off", workbook(sheet(GOOD)[:-40]), "unreadable_file", 0
    yield (
        "sheet cut off behind a row",
        workbook(sheet(GOOD)[: sheet(GOOD).index("</sheetData>")]),
        "unreadable_file",
        0,
    )
    yield "sheet cut off before its end", workbook(sheet(GOOD)[: -len("</worksheet>")]), "", 2
    for mark, form in (("xl/workbook.bin", "xlsb"), ("word/document.xml", "docx"), ("mimetype", "ods")):
        yield f"another package: {form}", archive({mark: b"x"}), "other_format", 0
