"""The command line: what it writes, what it refuses, and the exit codes that scripts rely on."""

import csv
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from click.testing import Result
from typer.testing import CliRunner

from orchestration import cli
from orchestration.build import BuildFailedError, prepare_manifest
from orchestration.cli import app
from orchestration.settings import PROJECT_DIR, Settings
from warehouse.publish import publish
from warehouse.run_lock import Holder, RunLockedError, run_lock
from warehouse.snapshot import SnapshotStore
from warehouse.store import open_build

COMMANDS = (
    "build",
    "status",
    "snapshots",
    "rollback",
    "diff",
    "query",
    "docs",
    "ui",
    "serve",
    "quarantine",
    "check",
    "receive",
    "template",
    "fetch",
    "report",
    "superset",
)
GROUPS = ("method", "flags")
INDICATOR_07 = "liepaja-2020-2025/07/total"
TWO_ROWS = "select * from (values (1, 'bļoda, „zila”', null), (2, '[bold]karote[/]', 4.5)) as t (a, b, c)"


@pytest.fixture(autouse=True)
def _wide_plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    # Help and tables are laid out for the terminal: a narrow one would cut words in two.
    monkeypatch.setenv("COLUMNS", "250")
    monkeypatch.setenv("NO_COLOR", "1")


def meraukla(*arguments: str) -> Result:
    result = CliRunner().invoke(app, list(arguments))
    # Whatever goes wrong is told in words: an exception that gets here would be a stack trace on the user's screen.
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    return result


@pytest.fixture
def empty_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A new installation: nothing has been built."""
    monkeypatch.setenv("MERAUKLA_DATA_DIR", str(tmp_path / "data"))
    return Settings.from_environment()


@pytest.fixture
def copied_data(published_file: Path, empty_data: Settings) -> Settings:
    """An installation with the published file and no record of a run."""
    empty_data.published_file.parent.mkdir(parents=True)
    shutil.copyfile(published_file, empty_data.published_file)
    return empty_data


def record_run(settings: Settings, state: str = "succeeded", **facts: object) -> None:
    run = {
        "run_id": "synthetic",
        "state": state,
        "started_at": "2026-01-31T02:00:00+00:00",
        "finished_at": None if state == "running" else "2026-01-31T02:00:30+00:00",
        **facts,
    }
    settings.last_run_file.parent.mkdir(parents=True, exist_ok=True)
    settings.last_run_file.write_text(json.dumps(run), "utf-8")


FAILURE = {
    "state": "failed",
    "failed_step": "guard_checks",
    "message": "raw.synthetic: [0] is not 1.",
    "remedy": "remedy_failed",
}


def publish_now(settings: Settings) -> None:
    """Have the copied file published a moment ago: it may be older than what counts as late."""
    with duckdb.connect(str(settings.published_file)) as connection:
        connection.execute("update audit.run set published_at = now() at time zone 'UTC'")


# --- Help ---


@pytest.mark.parametrize("command", [*COMMANDS, "flags"])
def test_the_help_of_each_command_has_an_example_that_can_be_typed(command: str) -> None:
    result = meraukla(command, "--help")
    assert result.exit_code == 0
    assert "Example" in result.stdout
    assert f"meraukla {command}" in result.stdout.partition("Example")[2]


def test_help_lists_every_command_and_no_other() -> None:
    listed = {command.name or command.callback.__name__ for command in app.registered_commands if not command.hidden}
    assert listed == set(COMMANDS)
    assert {group.name for group in app.registered_groups} == set(GROUPS)
    help_text = meraukla("--help").stdout
    assert all(command in help_text for command in (*COMMANDS, *GROUPS))


@pytest.mark.parametrize("arguments", [("no-such-command",), ("build", "--no-such-option"), ("query",)])
def test_a_mistyped_command_ends_with_exit_code_2(arguments: tuple[str, ...]) -> None:
    assert meraukla(*arguments).exit_code == 2


# --- query: formats ---


@pytest.mark.usefixtures("published_file")
def test_query_writes_a_table_by_default_and_shows_text_as_it_is() -> None:
    result = meraukla("query", TWO_ROWS)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert [name.strip() for name in lines[1].split("┃")[1:-1]] == ["a", "b", "c"]
    assert any("bļoda, „zila”" in line for line in lines)
    assert any("[bold]karote[/]" in line and "4.5" in line for line in lines)
    assert "None" not in result.stdout


@pytest.mark.usefixtures("published_file")
def test_query_writes_csv_that_reads_back_as_the_same_cells() -> None:
    result = meraukla("query", TWO_ROWS, "--format", "csv")
    assert result.exit_code == 0
    assert list(csv.reader(io.StringIO(result.stdout))) == [
        ["a", "b", "c"],
        ["1", "bļoda, „zila”", ""],
        ["2", "[bold]karote[/]", "4.5"],
    ]


@pytest.mark.usefixtures("published_file")
def test_query_writes_json_with_numbers_and_null() -> None:
    result = meraukla("query", "--format", "json", TWO_ROWS.replace("4.5", "4.5::double"))
    assert result.exit_code == 0
    assert json.loads(result.stdout) == [
        {"a": 1, "b": "bļoda, „zila”", "c": None},
        {"a": 2, "b": "[bold]karote[/]", "c": 4.5},
    ]
    assert "bļoda" in result.stdout


@pytest.mark.usefixtures("published_file")
def test_a_decimal_is_a_number_in_json() -> None:
    assert json.loads(meraukla("query", "--format", "json", "select 1.5 as a").stdout) == [{"a": 1.5}]


@pytest.mark.usefixtures("published_file")
def test_a_query_without_rows_still_has_its_header() -> None:
    assert meraukla("query", "--format", "csv", "select 1 as a where false").stdout == "a\n"
    assert json.loads(meraukla("query", "--format", "json", "select 1 as a where false").stdout) == []


@pytest.mark.usefixtures("published_file")
def test_query_reaches_the_compare_macro() -> None:
    result = meraukla("query", "--format", "json", f"from marts.compare('{INDICATOR_07}', '2021', '2023/2024')")
    (row,) = json.loads(result.stdout)
    assert (row["difference"], row["refusal_reason"]) == (None, "break_declared")


# --- query: read-only, and only this file ---


@pytest.mark.parametrize(
    "sql",
    [
        "insert into core.dim_stage values ('x', 'x', 'x')",
        "update core.fct_observation set value_numeric = 0",
        "delete from core.fct_observation",
        "drop table core.fct_observation",
        "create table core.synthetic (a integer)",
        "create schema synthetic",
    ],
)
def test_query_cannot_change_the_published_file(published_file: Path, sql: str) -> None:
    before = published_file.read_bytes()
    result = meraukla("query", sql)
    assert result.exit_code == 2
    assert "The query failed" in result.stderr
    assert published_file.read_bytes() == before


@pytest.mark.usefixtures("published_file")
@pytest.mark.parametrize(
    "sql",
    [
        "copy (select 1) to '{folder}/written.csv'",
        "copy core.dim_stage to '{folder}/written.parquet'",
        "export database '{folder}/written'",
        "from read_csv('{folder}/secret.csv')",
        "from '{folder}/secret.csv'",
        "from read_text('{folder}/secret.csv')",
        "from glob('{folder}/*')",
        "attach '{folder}/secret.duckdb' as other",
        "attach '{folder}/secret.duckdb' as other (read_only); from other.main.secret",
        "attach '{folder}/written.duckdb' as other",
        "set enable_external_access = true",
    ],
)
def test_query_reaches_no_other_file(tmp_path: Path, sql: str) -> None:
    (tmp_path / "secret.csv").write_text("word\nsynthetic-secret\n", "utf-8")
    with duckdb.connect(str(tmp_path / "secret.duckdb")) as connection:
        connection.execute("create table secret as select 'synthetic-secret' as word")
    result = meraukla("query", sql.format(folder=tmp_path))
    assert result.exit_code == 2
    assert "The query failed" in result.stderr
    assert "synthetic-secret" not in result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secret.csv", "secret.duckdb"]


# --- Errors and exit codes ---


@pytest.mark.usefixtures("published_file")
def test_a_wrong_query_ends_with_exit_code_2_and_duckdbs_words() -> None:
    result = meraukla("query", "from marts.no_such_table")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "The query failed" in result.stderr
    assert "no_such_table" in result.stderr


@pytest.mark.usefixtures("published_file")
@pytest.mark.parametrize("sql", ["", "  ", "/* only a comment */"])
def test_an_empty_query_is_no_accident(sql: str) -> None:
    assert meraukla("query", sql).exit_code == 0


@pytest.mark.usefixtures("published_file")
def test_an_error_shows_no_stack_trace_in_a_real_process() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "orchestration", "query", "from marts.no_such_table"],
        cwd=PROJECT_DIR,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert "no_such_table" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("empty_data")
@pytest.mark.parametrize("arguments", [("status",), ("flags",), ("query", "select 1")])
def test_before_the_first_build_each_command_says_so_with_exit_code_3(arguments: tuple[str, ...]) -> None:
    result = meraukla(*arguments)
    assert result.exit_code == 3
    assert "Nothing is published yet. Do: meraukla build" in result.output


def test_asking_before_the_first_build_leaves_nothing_behind(empty_data: Settings) -> None:
    for arguments in (["status"], ["flags"], ["query", "select 1"]):
        meraukla(*arguments)
    assert not empty_data.data_dir.exists()


def fail_with(error: Exception) -> object:
    def fail(*_: object) -> None:
        raise error

    return fail


BUILD_FAILURE = BuildFailedError("guard_checks", "raw.synthetic: [0] is not 1.", "Traceback of a synthetic failure")


@pytest.mark.usefixtures("empty_data")
def test_a_failed_build_ends_with_exit_code_1_and_names_step_and_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "run_build", fail_with(BUILD_FAILURE))
    result = meraukla("build")
    assert result.exit_code == 1
    assert "The build stopped at guard_checks. raw.synthetic: [0] is not 1." in result.stderr
    assert "--debug" in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.usefixtures("empty_data")
def test_the_stack_trace_of_a_failed_build_is_shown_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "run_build", fail_with(BUILD_FAILURE))
    result = meraukla("build", "--debug")
    assert result.exit_code == 1
    assert "Traceback of a synthetic failure" in result.stderr


@pytest.mark.usefixtures("empty_data")
def test_a_dbt_project_that_does_not_parse_is_told_without_a_stack_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "prepare_manifest", fail_with(BUILD_FAILURE))
    result = meraukla("prepare")
    assert result.exit_code == 1
    assert "raw.synthetic: [0] is not 1." in result.stderr


def test_what_dbt_says_of_a_broken_project_reaches_the_person_who_builds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration import dbt_process  # noqa: PLC0415 - seconds of import

    monkeypatch.setattr(
        dbt_process, "compile_project", fail_with(dbt_process.DbtError("synthetic.yml: no such column"))
    )
    monkeypatch.setattr(Settings, "manifest_file", tmp_path / "no_manifest_yet.json")
    with pytest.raises(BuildFailedError, match=r"synthetic\.yml: no such column") as failure:
        prepare_manifest(Settings.from_environment())
    assert "DbtError" in failure.value.details


# --- build without work ---


def test_a_build_without_a_change_does_not_run(published_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "run_build", fail_with(AssertionError("it ran")))
    result = meraukla("build")
    assert result.exit_code == 0
    assert "Nothing new" in result.stdout
    assert str(published_file) in result.stdout


@pytest.mark.parametrize("state", ["failed", "stopped", "running"])
def test_a_run_that_went_wrong_is_made_good_though_nothing_is_new(
    copied_data: Settings, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    monkeypatch.setattr(cli, "is_up_to_date", lambda _: True)
    monkeypatch.setattr(cli, "run_build", fail_with(BUILD_FAILURE))
    assert "Nothing new" in meraukla("build").stdout
    record_run(copied_data, state, pid=0)
    assert "The build stopped at guard_checks" in meraukla("build").stderr


def test_a_damaged_published_file_is_no_obstacle_to_the_next_build(
    empty_data: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty_data.published_file.parent.mkdir(parents=True)
    empty_data.published_file.write_text("not a DuckDB file", "utf-8")
    monkeypatch.setattr(cli, "run_build", fail_with(BUILD_FAILURE))
    assert "The build stopped at guard_checks" in meraukla("build").stderr
    assert meraukla("status").exit_code == 3


# --- status ---


def test_status_tells_what_is_published_and_by_which_run(copied_data: Settings) -> None:
    publish_now(copied_data)
    result = meraukla("status")
    with duckdb.connect(str(copied_data.published_file), read_only=True) as connection:
        ((run_id, day),) = connection.execute("select run_id, published_at::date::varchar from audit.run").fetchall()
    assert result.exit_code == 0
    assert f"{copied_data.published_file}: published {day}" in result.stdout
    assert f"by run {run_id}" in result.stdout


def test_status_tells_that_the_last_run_succeeded(copied_data: Settings) -> None:
    publish_now(copied_data)
    record_run(copied_data)
    result = meraukla("status")
    assert result.exit_code == 0
    assert "The last run succeeded at 2026-01-31T02:00:30+00:00." in result.stdout


def test_status_tells_where_and_why_the_last_run_failed_beside_what_stays_published(copied_data: Settings) -> None:
    publish_now(copied_data)
    record_run(copied_data, **FAILURE)
    result = meraukla("status")
    assert result.exit_code == 4
    assert f"{copied_data.published_file}: published" in result.stdout
    assert "The last run failed at 2026-01-31T02:00:30+00:00 in guard_checks: raw.synthetic: [0] is not 1." in (
        result.stdout
    )
    assert "then: meraukla build" in result.stdout


def test_status_tells_the_same_in_latvian(copied_data: Settings) -> None:
    record_run(copied_data, **FAILURE)
    result = meraukla("status", "--language", "lv")
    assert "Pēdējā izpilde neizdevās 2026-01-31T02:00:30+00:00 solī guard_checks" in result.stdout
    assert "published" not in result.stdout.replace(str(copied_data.published_file), "")


def test_status_tells_of_a_failed_first_run_too(empty_data: Settings) -> None:
    record_run(empty_data, **FAILURE)
    result = meraukla("status")
    assert result.exit_code == 3
    assert "The last run failed" in result.stdout


def test_status_concludes_that_a_run_was_cut_off_when_nobody_holds_its_lock(copied_data: Settings) -> None:
    publish_now(copied_data)
    record_run(copied_data, "running", pid=1)
    result = meraukla("status")
    assert result.exit_code == 4
    assert "The last run, begun at 2026-01-31T02:00:00+00:00, was cut off" in result.stdout
    assert "nothing has to be cleared up" in result.stdout


def test_status_tells_of_a_run_that_is_under_way(copied_data: Settings) -> None:
    publish_now(copied_data)
    with run_lock(copied_data.lock_file, "synthetic"):
        record_run(copied_data, "running", pid=1)
        result = meraukla("status")
    assert result.exit_code == 0
    assert "A run is under way: process" in result.stdout
    assert "cut off" not in result.stdout


def test_status_tells_that_what_is_published_is_late(copied_data: Settings) -> None:
    with duckdb.connect(str(copied_data.published_file)) as connection:
        connection.execute("update audit.run set published_at = now() at time zone 'UTC' - interval 27 hours")
    result = meraukla("status")
    assert result.exit_code == 4
    assert "27.0 hours ago" in result.stdout
    assert "late: more than 26 hours" in result.stdout


def told(settings: Settings) -> list[tuple[str, str, str]]:
    lines = settings.alert_log.read_text("utf-8").splitlines() if settings.alert_log.is_file() else []
    return [(alert["kind"], alert["subject_lv"], alert["text_en"]) for alert in map(json.loads, lines)]


def test_status_that_is_to_tell_tells_what_nobody_else_can(copied_data: Settings) -> None:
    publish_now(copied_data)
    record_run(copied_data)
    assert meraukla("status", "--tell").exit_code == 0
    assert told(copied_data) == []

    record_run(copied_data, "running", pid=1)
    for _ in range(2):
        assert meraukla("status", "--tell").exit_code == 4
    ((kind, _, text),) = told(copied_data)
    assert kind == "run_killed"
    assert "was cut off" in text


def test_status_that_is_to_tell_tells_in_both_languages_that_what_is_published_is_late(copied_data: Settings) -> None:
    with duckdb.connect(str(copied_data.published_file)) as connection:
        connection.execute("update audit.run set published_at = now() at time zone 'UTC' - interval 27 hours")
    assert meraukla("status").exit_code == 4
    assert told(copied_data) == []
    assert meraukla("status", "--tell", "--language", "lv").exit_code == 4
    ((kind, subject, text),) = told(copied_data)
    assert (kind, subject) == ("published_late", "Mēraukla: publicētie dati ir novecojuši")
    assert "It is late: more than 26 hours old." in text


def test_status_that_is_to_tell_tells_that_nothing_is_published(empty_data: Settings) -> None:
    assert meraukla("status", "--tell").exit_code == 3
    ((kind, subject, text),) = told(empty_data)
    assert (kind, subject) == ("published_late", "Mēraukla: nekas nav publicēts")
    assert "Nothing is published yet." in text


@pytest.mark.parametrize(("minutes", "exit_code"), [(2, 0), (90, 4)])
def test_status_tells_of_a_clock_that_was_set(copied_data: Settings, minutes: int, exit_code: int) -> None:
    with duckdb.connect(str(copied_data.published_file)) as connection:
        connection.execute(
            f"update audit.run set published_at = now() at time zone 'UTC' + interval {minutes} minutes"
        )
    result = meraukla("status")
    assert result.exit_code == exit_code
    assert ("lies in the future" in result.stdout) == (exit_code != 0)
    assert json.loads(meraukla("status", "--json").stdout)["published"]["is_from_the_future"] == (exit_code != 0)


def test_status_writes_json_for_a_monitor(copied_data: Settings) -> None:
    publish_now(copied_data)
    record_run(copied_data, **FAILURE)
    result = meraukla("status", "--json")
    facts = json.loads(result.stdout)
    assert (facts["state"], result.exit_code) == ("attention", 4)
    assert facts["published"]["is_late"] is False
    assert facts["last_run"]["failed_step"] == "guard_checks"


@pytest.mark.parametrize("content", ["", "{", '{"succeeded": true}'])
def test_a_record_of_the_last_run_that_cannot_be_read_is_no_obstacle(copied_data: Settings, content: str) -> None:
    publish_now(copied_data)
    record_run(copied_data)
    copied_data.last_run_file.write_text(content, "utf-8")
    assert meraukla("status").exit_code == 0


# --- A second run ---


def test_a_second_build_stops_and_names_the_run_that_is_under_way(
    empty_data: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = Holder(4711, "2026-01-31 02:00:00", "synthetic run")
    monkeypatch.setattr(cli, "run_build", fail_with(RunLockedError(holder)))
    result = meraukla("build")
    assert result.exit_code == 5
    assert "process 4711, since 2026-01-31 02:00:00 UTC" in result.stderr
    assert "--wait" in result.stderr


# --- snapshots, rollback, diff ---


@pytest.fixture
def two_snapshots(build_file: Path, empty_data: Settings) -> Settings:
    """An installation that has published twice, with one value changed in between (synthetic)."""
    file = empty_data.build_file
    file.parent.mkdir(parents=True)
    shutil.copyfile(build_file, file)
    publish(file, empty_data.published_file, keys={"core.dim_strategy": ("strategy_code",)})
    with open_build(file) as connection:
        connection.execute("update audit.run set run_id = 'synthetic-new'")
        connection.execute("update core.dim_strategy set name_en = 'synthetic'")
    publish(file, empty_data.published_file, keys={"core.dim_strategy": ("strategy_code",)})
    return empty_data


def test_a_rollback_goes_back_and_says_that_the_next_run_publishes_anew(two_snapshots: Settings) -> None:
    listed = json.loads(meraukla("snapshots", "--verify", "--format", "json").stdout)
    assert [(one["current"], one["files"]) for one in listed] == [("current", "whole"), ("", "whole")]
    changed = json.loads(meraukla("diff", "--json").stdout)
    (change,) = changed["tables"]
    assert (change["table"], change["rows_changed"]) == ("core.dim_strategy", 1)
    assert "core.dim_strategy: 0 added, 1 changed, 0 removed" in meraukla("diff").stdout

    result = meraukla("rollback")
    assert result.exit_code == 0
    assert f"Published now: {listed[1]['snapshot']}" in result.stdout
    assert "The next run publishes anew" in result.stdout
    assert "went back to" in meraukla("status").stdout
    with duckdb.connect(str(two_snapshots.published_file), read_only=True) as connection:
        assert connection.execute("from core.dim_strategy where name_en = 'synthetic'").fetchall() == []
    status = json.loads((two_snapshots.published_dir / "status.json").read_text("utf-8"))
    assert status["published"]["snapshot_id"] == listed[1]["snapshot"]
    assert "is the current snapshot already" in meraukla("rollback", listed[1]["snapshot"]).stdout


def test_a_rollback_waits_for_no_run_and_disturbs_none(two_snapshots: Settings) -> None:
    before = SnapshotStore(two_snapshots.published_dir).current_id
    script = (
        "import time; from pathlib import Path; from warehouse.run_lock import run_lock\n"
        f"with run_lock(Path({str(two_snapshots.lock_file)!r}), 'synthetic'):\n"
        "    print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(  # noqa: S603 - fixed arguments
        [sys.executable, "-c", script], cwd=PROJECT_DIR, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == b"held\n"
        result = meraukla("rollback")
        other.kill()
    assert result.exit_code == 5
    assert SnapshotStore(two_snapshots.published_dir).current_id == before


@pytest.mark.usefixtures("two_snapshots")
def test_a_snapshot_that_is_not_there_is_told_with_those_that_are() -> None:
    result = meraukla("rollback", "no-such")
    assert result.exit_code == 1
    assert "There is no snapshot no-such" in result.stderr
    assert "synthetic-new" in result.stderr


# --- flags ---


@pytest.mark.usefixtures("published_file")
@pytest.mark.parametrize(
    ("arguments", "condition"),
    # Without a kind those are listed that ask for a decision or have one.
    [([], "kind <> 'declared'"), (["--kind", "all"], "true"), (["--kind", "declared"], "kind = 'declared'")],
)
def test_flags_lists_every_flag_of_the_kind_asked_for(arguments: list[str], condition: str) -> None:
    listed = list(csv.DictReader(io.StringIO(meraukla("flags", *arguments, "--format", "csv").stdout)))
    (counted,) = json.loads(
        meraukla(
            "query", "--format", "json", f"select count(*) as flags from marts.comparability_flag where {condition}"
        ).stdout
    )
    assert len(listed) == counted["flags"] > 0


@pytest.mark.usefixtures("published_file")
@pytest.mark.parametrize("language", ["lv", "en"])
def test_flags_of_one_rule_give_their_reasons_in_the_language_asked_for(language: str) -> None:
    result = meraukla("flags", "--rule", "unit_mismatch", "--language", language, "--format", "json")
    assert result.exit_code == 0
    flags = json.loads(result.stdout)
    expected = json.loads(
        meraukla(
            "query",
            "--format",
            "json",
            f"select series_key, to_period, reason_{language} from marts.comparability_flag "
            "where rule = 'unit_mismatch' order by series_key, to_period",
        ).stdout
    )
    assert {flag["rule"] for flag in flags} == {"unit_mismatch"}
    assert [{name: flag[name] for name in expected[0]} for flag in flags] == expected
    assert all(("mērvienībā" in flag[f"reason_{language}"]) == (language == "lv") for flag in flags)


@pytest.mark.usefixtures("published_file")
def test_flags_of_one_kind_are_of_that_kind_only() -> None:
    flags = json.loads(meraukla("flags", "--kind", "declared", "--format", "json").stdout)
    assert {flag["kind"] for flag in flags} == {"declared"}


@pytest.mark.usefixtures("published_file")
def test_a_rule_without_flags_lists_nothing() -> None:
    assert json.loads(meraukla("flags", "--rule", "no_such_rule", "--format", "json").stdout) == []


def test_a_language_that_is_not_spoken_here_ends_with_exit_code_2() -> None:
    assert meraukla("flags", "--language", "de").exit_code == 2
