"""`meraukla flags`: the questions of the guard, and a person's answers to them."""

import getpass
from typing import Annotated

import typer
from rich.markup import escape

from expectations.catalogue import load_rules
from orchestration.console import (
    EXIT_FAILED,
    EXIT_USAGE,
    Language,
    OutputFormat,
    err,
    fetch_published,
    out,
    print_rows,
)
from orchestration.settings import Settings
from warehouse.clock import utc_now
from warehouse.decision import Decision, DecisionError, Finding, decide
from warehouse.messages import message
from warehouse.registry import RegistryError, read_registry

app = typer.Typer(help="List the comparability flags, and decide on the open ones.")

# A steward's own work list: what waits for a decision, and what has been decided.
_DECIDABLE = ("suspected", "confirmed", "dismissed")
_KINDS = (*_DECIDABLE, "declared")

Ids = Annotated[list[str], typer.Argument(metavar="ID…", help="Flags by their id (or key), as the list shows them.")]
Reason = Annotated[str, typer.Option("--reason", help="Why it was decided so; kept with the decision.")]
Lang = Annotated[Language, typer.Option("--language", help="Language of what is told.")]
By = Annotated[str | None, typer.Option("--by", help="Who decides; else the user who is logged in.")]


@app.callback(
    invoke_without_command=True,
    epilog="Examples:  meraukla flags  ·  meraukla flags --rule unit_mismatch --language lv  ·  "
    "meraukla flags --kind all --format csv",
)
def flags(
    context: typer.Context,
    rule: Annotated[str | None, typer.Option(help="Only the flags of this rule, whatever their kind.")] = None,
    kind: Annotated[str | None, typer.Option(help="declared, suspected, confirmed, dismissed, or all.")] = None,
    language: Lang = Language.EN,
    output: Annotated[OutputFormat, typer.Option("--format", help="Output format.")] = OutputFormat.TABLE,
) -> None:
    """List the flags that ask for a decision or have one: where numbers must not be compared, and why."""
    if context.invoked_subcommand:
        return
    everything = kind == "all" or (rule is not None and kind is None)
    kinds = _KINDS if everything else (kind,) if kind else _DECIDABLE
    reason = f"reason_{language.value}"
    # A table for the eye has room for what a decision needs; CSV and JSON have everything.
    columns = (
        f"flag_id, kind, rule, series_key, concat_ws(' → ', from_period, to_period) as period, "
        f"concat_ws(' – ', {reason}, decision_reason) as {reason}"
        if output is OutputFormat.TABLE
        else f"flag_id, flag_key, kind, rule, severity, is_break, series_key, from_period, to_period, {reason}, "
        "evidence, decision_reason, decided_by, decided_on"
    )
    names, rows = fetch_published(
        f"""
        select {columns}
        from marts.comparability_flag
        where rule = coalesce(?, rule) and list_contains(?::varchar[], kind)
        order by list_position(?::varchar[], kind), rule, series_key, to_period
        """,
        [rule, list(kinds), list(kinds)],
    )
    print_rows(names, rows, output)


@app.command(
    epilog='Example:  meraukla flags confirm d2b1c0aa --reason-code population --reason "Only one school was counted"'
)
def confirm(
    ids: Ids,
    reason: Reason,
    reason_code: Annotated[
        str | None, typer.Option("--reason-code", help="Why the series broke: a code of break_reason.csv.")
    ] = None,
    by: By = None,
    language: Lang = Language.EN,
) -> None:
    """Confirm suspicions: each becomes a declared break, and no comparison crosses it."""
    _decide(ids, _decision("confirmed", reason, by, language), reason_code, language)


@app.command(epilog='Example:  meraukla flags dismiss d2b1c0aa --reason "Checked with the register: it did double"')
def dismiss(ids: Ids, reason: Reason, by: By = None, language: Lang = Language.EN) -> None:
    """Dismiss suspicions: the values compare again, until what the rule saw changes."""
    _decide(ids, _decision("dismissed", reason, by, language), None, language)


def _decision(verdict: str, reason: str, by: str | None, language: Language) -> Decision:
    if not reason.strip():
        err.print(message("decision_without_reason", language))
        raise typer.Exit(EXIT_USAGE)
    return Decision(verdict, reason.strip(), by or getpass.getuser(), utc_now().date())


def _decide(ids: list[str], decision: Decision, reason_code: str | None, language: Language) -> None:
    default_codes = {rule.name: rule.break_reason for rule in load_rules()}
    findings = [_find(flag, language) for flag in dict.fromkeys(ids)]
    registry = read_registry(Settings.from_environment().seeds_dir)
    try:
        for finding in findings:
            registry = decide(registry, finding, decision, reason_code or default_codes.get(finding.rule))
        written = registry.write()
    except (DecisionError, RegistryError) as error:
        told = error.messages(language) if isinstance(error, RegistryError) else [error.message(language)]
        err.print(f"[bold red]{message('decision_refused', language)}[/] {escape(chr(10).join(told))}")
        raise typer.Exit(EXIT_FAILED) from error
    for finding in findings:
        about = {"flag": finding.flag_id, "rule": finding.rule, "series": finding.series_key}
        out.print(escape(message(f"decision_{decision.decision}", language, **about)), soft_wrap=True)
    files = ", ".join(str(path) for path in written)
    out.print(escape(message("decision_written", language, files=files)), soft_wrap=True)


def _find(flag: str, language: Language) -> Finding:
    _, rows = fetch_published(
        """
        select
            listed.strategy_code, listed.flag_key, listed.flag_id, listed.series_key, listed.to_period, listed.rule,
            listed.kind, listed.is_break, coalesce(flag.evidence_hash, ''), listed.reason_lv, listed.reason_en
        from marts.comparability_flag as listed
        -- A declared break is listed as well, but no rule found it: it is a fact without evidence to decide on.
        left join core.fct_flag as flag on listed.flag_key = flag.flag_key
        where listed.flag_id = ? or listed.flag_key = ?
        """,
        [flag, flag],
    )
    if len(rows) != 1:
        name = "decision_on_ambiguous_flag" if rows else "decision_on_unknown_flag"
        err.print(escape(message(name, language, flag=flag)))
        raise typer.Exit(EXIT_USAGE)
    return Finding(*rows[0])
