"""`meraukla method`: see by what methods a series is measured, and register a new version or a break."""

import sys
from collections.abc import Container, Iterator, Sequence
from datetime import date
from difflib import get_close_matches
from typing import Annotated, Any, NoReturn

import typer
from rich.markup import escape
from rich.table import Table

from orchestration.console import EXIT_FAILED, EXIT_USAGE, Language, OutputFormat, err, out, print_rows
from orchestration.settings import Settings
from warehouse.messages import message
from warehouse.registry import (
    CONVERTING_BRIDGES,
    DECLARATIONS,
    VERSIONS,
    Cells,
    Column,
    Registry,
    RegistryError,
    definition_hash,
    is_period,
    load_schema,
    previous_period,
    read_registry,
)
from warehouse.rejection import Rejection

# Given by the series, counted, computed, or with a flag of its own: not for --set.
_KEY = ("strategy_code", "indicator_no", "breakdown", "version_no")
_EVIDENCE = {"evidence_document": "--evidence-document", "evidence_line": "--evidence-line"}
_NOT_SETTABLE = {*_KEY, *_EVIDENCE, "valid_from", "valid_to", "definition_hash"}
# A new version says these anew: that a baseline was restated under the version before says nothing about this one.
_NOT_COPIED = {"baseline_restated": "false", "targets_restated": "false"}
# What is typed for an empty field: an empty answer keeps the value that is shown.
_EMPTY = "-"

app = typer.Typer(
    help="See by what methods a series is measured; register a new version of a method or a break.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

SeriesArgument = Annotated[
    str, typer.Argument(help="Series: liepaja-2020-2025/07/total, or 07/total where only one strategy has it.")
]
LanguageOption = Annotated[Language, typer.Option(help="Language of what a steward reads.")]
FormatOption = Annotated[OutputFormat, typer.Option("--format", help="Output format.")]
ReasonCodeOption = Annotated[str | None, typer.Option(help="Reason of the break: a code of break_reason.csv.")]
BridgeOption = Annotated[str | None, typer.Option(help="none, ratio, difference or recomputed.")]
FactorOption = Annotated[str | None, typer.Option(help="Factor of a ratio, or the difference to add.")]
ReasonLvOption = Annotated[str | None, typer.Option(help="Reason of the break in Latvian.")]
ReasonEnOption = Annotated[str | None, typer.Option(help="Reason of the break in English.")]
DeclaredByOption = Annotated[str | None, typer.Option(help="Who declares the break.")]
DeclaredOnOption = Annotated[str | None, typer.Option(help="Day of the declaration, e.g. 2026-01-31; else today.")]
DocumentOption = Annotated[str | None, typer.Option(help="Document that says so.")]
LineOption = Annotated[str | None, typer.Option(help="Line of the document's text.")]


# --- Commands ---


@app.command(
    epilog="Examples:  meraukla method show 07/total  ·  meraukla method show 04/pii/emotional --format json"
)
def show(
    series: SeriesArgument,
    language: LanguageOption = Language.EN,
    output: FormatOption = OutputFormat.TABLE,
) -> None:
    """Show the versions of a series' method side by side, with the declared breaks between them."""
    registry = _read(language)
    key = _find(registry, series, language)
    if output is not OutputFormat.TABLE:
        print_rows(*_history(registry, key, language), output)
        return
    versions = [version for _, version in registry.versions(key)]
    steps = {row["to_version_no"] for _, row in registry.declarations(key)}
    table = Table(title=escape(key))
    table.add_column("column", no_wrap=True)
    for version in versions:
        if version["version_no"] in steps:
            table.add_column("↯", justify="center")
        table.add_column(f"v{version['version_no']}")
    for column in load_schema()[VERSIONS].columns:
        if column.name not in _KEY:
            table.add_row(column.name, *_side_by_side(column, versions, steps))
    out.print(table)
    for _, row in registry.declarations(key):
        out.print(escape(f"↯ {_break_place(row)}: {row[f'reason_{language.value}']}"), soft_wrap=True)


@app.command(epilog="Examples:  meraukla method diff 07/total  ·  meraukla method diff 07/total 1 3 --format csv")
def diff(
    series: SeriesArgument,
    from_version: Annotated[int | None, typer.Argument(help="Earlier version; else the last but one.")] = None,
    to_version: Annotated[int | None, typer.Argument(help="Later version; else the one after.")] = None,
    language: LanguageOption = Language.EN,
    output: FormatOption = OutputFormat.TABLE,
) -> None:
    """Show what differs between two versions of a series' method, column by column."""
    registry = _read(language)
    key = _find(registry, series, language)
    versions = {int(version["version_no"]): version for _, version in registry.versions(key)}
    if len(versions) == 1:
        _refuse(message("method_one_version", language, value=key))
    later = max(versions) if from_version is None else from_version + 1
    other = later if to_version is None else to_version
    one = other - 1 if from_version is None else from_version
    for number in (one, other):
        if number not in versions:
            known = ", ".join(map(str, versions))
            _refuse(message("method_unknown_version", language, value=number, expected=known))
    rows = [
        (column.name, before or None, after or None, column.defines_measure, column.meaning(language))
        for column in load_schema()[VERSIONS].columns
        for before, after in [(versions[one][column.name], versions[other][column.name])]
        if before != after and column.name not in _KEY
    ]
    print_rows(["column", f"v{one}", f"v{other}", "defines_measure", "meaning"], rows, output)


@app.command(
    epilog="Examples:  meraukla method new 24/total  ·  meraukla method new 24/total --valid-from 2025/2026 "
    '--set population="…" --evidence-document order-12 --evidence-line 3 --reason-code population --bridge none '
    '--reason-lv "…" --reason-en "…" --declared-by "…"'
)
def new(  # noqa: PLR0913, PLR0917 - each is a flag
    series: SeriesArgument,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="column=value: what differs from before; repeatable."),
    ] = None,
    valid_from: Annotated[str | None, typer.Option(help="First period it applies to, e.g. 2025/2026.")] = None,
    evidence_document: DocumentOption = None,
    evidence_line: LineOption = None,
    reason_code: ReasonCodeOption = None,
    bridge: BridgeOption = None,
    bridge_factor: FactorOption = None,
    reason_lv: ReasonLvOption = None,
    reason_en: ReasonEnOption = None,
    declared_by: DeclaredByOption = None,
    declared_on: DeclaredOnOption = None,
    language: LanguageOption = Language.EN,
) -> None:
    """Register the next version of a series' method; if the definition differs, declare the break as well.

    What is not given is copied from the version in force, which ends with the period before. On a terminal you are
    asked for what is missing. The files are written only if the registry is in order with the change.
    """
    registry = _read(language)
    key = _find(registry, series, language)
    row_number, current = registry.versions(key)[-1]
    dialogue = _Dialogue(registry, language)
    changes = _parse_settings(settings or [], language)
    answers = _Answers(reason_code, bridge, bridge_factor, reason_lv, reason_en, declared_by, declared_on)
    starts = dialogue.ask(VERSIONS, "valid_from", "--valid-from", valid_from, needed=True)
    changes = changes or dialogue.go_through(current)
    if not changes and not answers.are_given():
        _refuse(message("method_nothing_new", language, value=key))
    given = {"evidence_document": evidence_document, "evidence_line": evidence_line}
    evidence = {name: dialogue.ask(VERSIONS, name, flag, given[name]) for name, flag in _EVIDENCE.items()}
    version = {**current, **_NOT_COPIED, **changes, **evidence, "valid_from": starts, "valid_to": ""}
    version["version_no"] = str(int(current["version_no"]) + 1)
    version["definition_hash"] = definition_hash(version)
    changed = registry.replace(
        VERSIONS, row_number, {"valid_to": previous_period(starts) if is_period(starts) else ""}
    ).append(VERSIONS, version, after=row_number)
    texts = [
        message(
            "method_version_written",
            language,
            value=f"{key}/v{version['version_no']}",
            column=starts,
            expected=f"v{current['version_no']}",
        )
    ]
    if version["definition_hash"] != current["definition_hash"] or answers.are_given():
        declaration = {
            **_declaration(key, dialogue, answers),
            **evidence,
            "from_version_no": current["version_no"],
            "to_version_no": version["version_no"],
            "first_period": starts,
        }
        changed = changed.declare_break(declaration)
        texts.append(message("method_break_written", language, value=_break_place(declaration)))
    dialogue.refuse_if_incomplete()
    _write(changed, language, texts)


@app.command(
    name="declare-break",
    epilog="Examples:  meraukla method declare-break 24/total  ·  meraukla method declare-break 24/total "
    '--first-period 2024/2025 --reason-code source --bridge none --evidence-document minutes-7 --reason-lv "…" '
    '--reason-en "…" --declared-by "…"',
)
def declare_break(  # noqa: PLR0913, PLR0917 - each is a flag
    series: SeriesArgument,
    from_version: Annotated[str | None, typer.Option("--from", help="Version before the break.")] = None,
    to_version: Annotated[str | None, typer.Option("--to", help="Version after the break, the next one.")] = None,
    first_period: Annotated[str | None, typer.Option(help="First period affected, e.g. 2024/2025.")] = None,
    reason_code: ReasonCodeOption = None,
    bridge: BridgeOption = None,
    bridge_factor: FactorOption = None,
    reason_lv: ReasonLvOption = None,
    reason_en: ReasonEnOption = None,
    declared_by: DeclaredByOption = None,
    declared_on: DeclaredOnOption = None,
    evidence_document: DocumentOption = None,
    evidence_line: LineOption = None,
    language: LanguageOption = Language.EN,
) -> None:
    """Declare a break of a series: between two versions of its method, or from a period on.

    On a terminal you are asked for what is missing. The file is written only if the registry is in order with it.
    """
    registry = _read(language)
    key = _find(registry, series, language)
    dialogue = _Dialogue(registry, language)
    step = _step(from_version, to_version)
    if step is None and first_period is None:
        first_period = dialogue.ask(DECLARATIONS, "first_period", "--to, --first-period", None, needed=True)
    if step is not None and first_period is None:
        starts = {version["version_no"]: version["valid_from"] for _, version in registry.versions(key)}
        first_period = starts.get(step[1], "")
    answers = _Answers(reason_code, bridge, bridge_factor, reason_lv, reason_en, declared_by, declared_on)
    declaration = {
        **_declaration(key, dialogue, answers),
        "evidence_document": dialogue.ask(
            DECLARATIONS, "evidence_document", "--evidence-document", evidence_document
        ),
        "evidence_line": evidence_line or "",
        "from_version_no": step[0] if step else "",
        "to_version_no": step[1] if step else "",
        "first_period": first_period or "",
    }
    dialogue.refuse_if_incomplete()
    _write(
        registry.declare_break(declaration),
        language,
        [message("method_break_written", language, value=_break_place(declaration))],
    )


@app.command(epilog="Examples:  meraukla method check  ·  meraukla method check --language lv")
def check(language: LanguageOption = Language.EN) -> None:
    """Tell whether the registry is in order; the build asks the same before it starts."""
    registry = _read(language)
    versions = len(registry.rows(VERSIONS))
    out.print(message("method_in_order", language, value=versions, expected=len(registry.series)))


# --- What the commands are made of ---


def _read(language: Language) -> Registry:
    """Read the registry, which must be in order: nothing can be looked up or added in one that is not."""
    registry = read_registry(Settings.from_environment().seeds_dir)
    if findings := registry.validate():
        _refuse(
            message("method_not_in_order", language, value=len(findings)),
            _listed(findings, language),
        )
    return registry


def _listed(findings: Sequence[Rejection], language: Language) -> list[str]:
    return [f"- {finding.message(language)}" for finding in findings]


def _refuse(text: str, details: Sequence[str] = (), exit_code: int = EXIT_USAGE) -> NoReturn:
    err.print(f"[bold red]{escape(text)}[/]", soft_wrap=True)
    for detail in details:
        err.print(escape(detail), soft_wrap=True)
    raise typer.Exit(exit_code)


def matching_series(keys: Sequence[str], text: str) -> list[str]:
    """Return the series that a full or a short key may mean: `liepaja-2020-2025/07/total`, `07/total`, `7`."""
    if text in keys:
        return [text]
    short = _short(text)
    below_strategy = {key: key.partition("/")[2] for key in keys}
    exact = [key for key, tail in below_strategy.items() if tail == short]
    return exact or [key for key, tail in below_strategy.items() if tail.startswith(f"{short}/")]


def _short(text: str) -> str:
    number, slash, breakdown = text.partition("/")
    return f"{number.zfill(2)}{slash}{breakdown}"


def _find(registry: Registry, text: str, language: Language) -> str:
    keys = list(registry.series)
    matches = matching_series(keys, text)
    if not matches:
        tails = {key.partition("/")[2]: key for key in keys}
        near = get_close_matches(text, keys, n=5) or [
            tails[tail] for tail in get_close_matches(_short(text), tails, n=5, cutoff=0.4)
        ]
        _refuse(message("method_unknown_series", language, value=text, expected=", ".join(near) or "–"))
    if len(matches) > 1:
        _refuse(message("method_ambiguous_series", language, value=text, expected=", ".join(matches)))
    return matches[0]


def _bridge(declaration: Cells) -> str:
    return " ".join(filter(None, (f"bridge: {declaration['bridge_code']}", declaration["bridge_factor"])))


def _break_place(declaration: Cells) -> str:
    versions = f"v{declaration['from_version_no']} → v{declaration['to_version_no']}"
    place = [versions if declaration["to_version_no"] else "", declaration["first_period"]]
    return ", ".join([*filter(None, place), declaration["reason_code"], _bridge(declaration)])


def _side_by_side(column: Column, versions: Sequence[Cells], steps: Container[str]) -> Iterator[str]:
    """Yield a column's cells of the table: the value of each version, and between two a mark if the values differ."""
    previous: Cells | None = None
    for version in versions:
        if version["version_no"] in steps:
            yield "≠" if previous and previous[column.name] != version[column.name] else ""
        yield escape(version[column.name])
        previous = version


def _history(registry: Registry, key: str, language: Language) -> tuple[list[str], list[list[Any]]]:
    """Return columns and rows: one row a version with the break before it, then the breaks known by period alone."""
    columns = [column for column in load_schema()[VERSIONS].columns if column.name not in _KEY]
    of_break = {column.name: column for column in load_schema()[DECLARATIONS].columns}
    shown = ["first_period", "reason_code", "bridge_code", "bridge_factor", f"reason_{language.value}"]
    names = [name if name.startswith("bridge") else f"break_{name}" for name in shown]
    steps = {row["to_version_no"]: row for _, row in registry.declarations(key)}

    def break_cells(declaration: Cells) -> list[Any]:
        return [_typed(of_break[name], declaration.get(name, "")) for name in shown]

    rows = [
        [
            key,
            int(version["version_no"]),
            *(_typed(column, version[column.name]) for column in columns),
            *break_cells(steps.get(version["version_no"], {})),
        ]
        for _, version in registry.versions(key)
    ]
    rows += [
        [key, None, *(None for _ in columns), *break_cells(declaration)]
        for _, declaration in registry.declarations(key)
        if not declaration["to_version_no"]
    ]
    return ["series_key", "version_no", *(column.name for column in columns), *names], rows


def _typed(column: Column, text: str) -> str | int | float | bool | None:
    match column.type:
        case _ if not text:
            return None
        case "integer":
            return int(text)
        case "number":
            return float(text)
        case "boolean":
            return text == "true"
        case _:
            return text


def _parse_settings(settings: Sequence[str], language: Language) -> dict[str, str]:
    settable = [name for name in load_schema()[VERSIONS].column_names if name not in _NOT_SETTABLE]
    changes: dict[str, str] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or name.strip() not in settable:
            _refuse(message("method_not_settable", language, value=setting, expected=", ".join(settable)))
        changes[name.strip()] = value.strip()
    return changes


def _step(from_version: str | None, to_version: str | None) -> tuple[str, str] | None:
    """Return both ends of a step; the end that is not given is the neighbour of the other."""
    if from_version is None and to_version is None:
        return None
    if from_version is None and to_version is not None and to_version.isdecimal():
        return str(int(to_version) - 1), to_version
    if to_version is None and from_version is not None and from_version.isdecimal():
        return from_version, str(int(from_version) + 1)
    return from_version or "", to_version or ""


class _Answers:
    """What was given about a break on the command line; None where nothing was."""

    _NAMES = ("reason_code", "bridge_code", "bridge_factor", "reason_lv", "reason_en", "declared_by", "declared_on")

    def __init__(self, *answers: str | None) -> None:
        self._answers = dict(zip(self._NAMES, answers, strict=True))

    def __getitem__(self, name: str) -> str | None:
        return self._answers[name]

    def are_given(self) -> bool:
        """Whether anything was given."""
        return any(answer is not None for answer in self._answers.values())


def _declaration(key: str, dialogue: "_Dialogue", answers: _Answers) -> dict[str, str]:
    flags = {
        "reason_code": "--reason-code",
        "bridge_code": "--bridge",
        "reason_lv": "--reason-lv",
        "reason_en": "--reason-en",
        "declared_by": "--declared-by",
    }
    asked = {name: dialogue.ask(DECLARATIONS, name, flag, answers[name]) for name, flag in flags.items()}
    factor = answers["bridge_factor"]
    if asked["bridge_code"] in CONVERTING_BRIDGES:
        factor = dialogue.ask(DECLARATIONS, "bridge_factor", "--bridge-factor", factor, needed=True)
    return {
        **asked,
        "strategy_code": key.partition("/")[0],
        "series_key": key,
        "bridge_factor": factor or "",
        "declared_on": answers["declared_on"] or date.today().isoformat(),
    }


def _write(registry: Registry, language: Language, texts: Sequence[str]) -> None:
    try:
        files = registry.write()
    except RegistryError as error:
        _refuse(message("method_refused", language), _listed(error.rejections, language))
    except OSError as error:
        _refuse(message("method_refused", language), [f"- {error}"], EXIT_FAILED)
    else:
        for text in texts:
            out.print(escape(text), soft_wrap=True)
        out.print(escape(message("method_next", language, value=" ".join(map(str, files)))), soft_wrap=True)


def is_terminal() -> bool:
    """Whether somebody is there who can be asked."""
    return sys.stdin.isatty()


class _Dialogue:
    """Asks for what was not given: on a terminal in words, elsewhere by naming the flags that are missing."""

    def __init__(self, registry: Registry, language: Language) -> None:
        self._registry = registry
        self._language = language
        self._missing: list[str] = []

    def ask(self, file: str, name: str, flag: str, given: str | None, *, needed: bool = False) -> str:
        """Return what was given for a column, or the answer; without a terminal, remember that it is missing."""
        column = load_schema()[file].column(name)
        if given is not None:
            return given.strip()
        if is_terminal():
            return self._prompt(column, needed=needed or column.required)
        facts = {"column": name, "value": flag, "expected": column.meaning(self._language)}
        self._missing.append(message("method_missing", self._language, **facts))
        return ""

    def go_through(self, version: Cells) -> dict[str, str]:
        """Return the answers to each column of a version that may change; none without a terminal."""
        if not is_terminal():
            return {}
        out.print(message("method_go_through", self._language, value=_EMPTY), soft_wrap=True)
        columns = [column for column in load_schema()[VERSIONS].columns if column.name not in _NOT_SETTABLE]
        before = {**version, **_NOT_COPIED}
        answers = {column.name: self._prompt(column, before=before[column.name]) for column in columns}
        return {name: answer for name, answer in answers.items() if answer != before[name]}

    def refuse_if_incomplete(self) -> None:
        """End here if something is missing that nobody could be asked for: nothing is written."""
        if self._missing:
            _refuse(message("method_incomplete", self._language), [f"- {text}" for text in self._missing])

    def _prompt(self, column: Column, *, before: str = "", needed: bool = False) -> str:
        accepted = self._registry.accepted(column)
        choices = f" ({', '.join(accepted)})" if accepted else ""
        question = f"{column.name}: {column.meaning(self._language)}{choices}"
        while True:
            default = before if before or not needed else None
            answer = str(typer.prompt(question, default=default, show_default=bool(before))).strip()
            answer = "" if answer == _EMPTY else answer
            if not self._registry.cell_faults(column, answer) and (answer or not needed):
                return answer
            text = message("method_not_possible", self._language, value=answer, column=column.name)
            out.print(escape(text), soft_wrap=True)
