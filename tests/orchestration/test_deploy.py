"""What lies in deploy/ fits together and fits the command line: units, proxy and container name what there is."""

import json
import re
import shlex
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from orchestration.cli import app
from orchestration.operations import OPERATIONS_VARIABLE
from orchestration.serve_cli import GRACE_SECONDS
from orchestration.settings import DATA_VARIABLE, LANDING_VARIABLE, PROJECT_DIR
from warehouse.alerts import EmailSettings, WebhookSettings

DEPLOY = PROJECT_DIR / "deploy"
UNITS = sorted(path.name for path in DEPLOY.glob("meraukla*.*"))
HOUSE = "/opt/meraukla"
COMMAND = ".venv/bin/meraukla"
PROXY_VARIABLES = {
    "MERAUKLA_SITE",
    "MERAUKLA_PAGE_USER",
    "MERAUKLA_PAGE_PASSWORD_HASH",
    "MERAUKLA_PAGE_PORT",
    "MERAUKLA_PUBLISHED_DIR",
}

Unit = dict[str, dict[str, list[str]]]


def read_unit(text: str) -> Unit:
    """Read a unit: section, setting, values in order.

    Raises:
        ValueError: a line is neither a comment, a section nor a setting in one.
    """
    unit: Unit = {}
    settings: dict[str, list[str]] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith(("#", ";")):
            continue
        if section := re.fullmatch(r"\[([A-Z][a-z]+)\]", line):
            settings = unit.setdefault(section[1], defaultdict(list))
        elif settings is not None and (setting := re.fullmatch(r"([A-Z][A-Za-z]+)=(.*)", line)):
            settings[setting[1]].append(setting[2])
        else:
            raise ValueError(f"line {number}: {line}")
    return unit


def unit_of(name: str) -> Unit:
    return read_unit((DEPLOY / name).read_text("utf-8"))


def arguments_are_known(arguments: list[str]) -> None:
    """Have the command line read its arguments, without doing anything."""
    command, *others = arguments
    group = typer.main.get_command(app)
    found = group.commands[command]  # type: ignore[attr-defined]
    found.make_context(command, others)


def container_instructions() -> list[tuple[str, str]]:
    text = (DEPLOY / "Containerfile").read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def targets() -> set[str]:
    makefile = (PROJECT_DIR / "Makefile").read_text("utf-8")
    return set(re.findall(r"^([a-z./-]+):(?!=)", makefile, re.MULTILINE))


# --- systemd ---


@pytest.mark.parametrize("text", ["Type=exec", "[Unit]\nno setting", "[Unit]\ntype=exec", "[unit]"])
def test_a_unit_that_is_none_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match="line"):
        read_unit(text)


def test_there_are_units_and_each_is_of_its_kind() -> None:
    assert UNITS == ["meraukla-status.service", "meraukla-status.timer", "meraukla.service"]
    sections = {name: set(unit_of(name)) for name in UNITS}
    assert sections == {
        "meraukla.service": {"Unit", "Service", "Install"},
        "meraukla-status.service": {"Unit", "Service"},
        "meraukla-status.timer": {"Unit", "Timer", "Install"},
    }


@pytest.mark.parametrize("name", [name for name in UNITS if name.endswith(".service")])
def test_a_service_starts_a_command_that_there_is_with_options_that_there_are(name: str) -> None:
    service = unit_of(name)["Service"]
    (start,) = service["ExecStart"]
    command, *arguments = shlex.split(start)
    assert command == f"{HOUSE}/{COMMAND}"
    assert service["WorkingDirectory"] == [HOUSE]
    arguments_are_known(arguments)


@pytest.mark.parametrize("name", [name for name in UNITS if name.endswith(".service")])
def test_a_unit_sets_and_names_only_variables_that_the_software_reads(name: str) -> None:
    email, webhook = EmailSettings.model_fields, WebhookSettings.model_fields
    secret = {
        str(fields[field].default)
        for fields, field in (
            (email, "user_variable"),
            (email, "password_variable"),
            (webhook, "url_variable"),
            (webhook, "secret_variable"),
        )
    }
    text = (DEPLOY / name).read_text("utf-8")
    known = {DATA_VARIABLE, LANDING_VARIABLE, OPERATIONS_VARIABLE} | secret
    assert set(re.findall(r"MERAUKLA_[A-Z_]+", text)) - known == set()
    # What is secret is in no unit.
    assert [line for line in unit_of(name)["Service"]["Environment"] if line.partition("=")[0] in secret] == []


def test_the_service_may_write_where_a_run_writes_and_has_time_to_end_in_order() -> None:
    service = unit_of("meraukla.service")["Service"]
    (data,) = [line.partition("=")[2] for line in service["Environment"] if line.startswith(DATA_VARIABLE)]
    (writable,) = service["ReadWritePaths"]
    assert set(writable.split()) == {data, f"{HOUSE}/dbt_project/target", f"{HOUSE}/dbt_project/logs"}
    assert service["ProtectSystem"] == ["strict"]
    assert int(service["TimeoutStopSec"][0]) > GRACE_SECONDS
    assert service["KillMode"] == ["mixed"]


def test_both_services_look_at_the_same_data_as_the_same_user() -> None:
    first, second = (unit_of(name)["Service"] for name in ("meraukla.service", "meraukla-status.service"))
    assert first["User"] == second["User"]
    assert set(second["Environment"]) <= set(first["Environment"])
    assert second["EnvironmentFile"] == first["EnvironmentFile"]


def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    if not (verifier := shutil.which("systemd-analyze")):
        pytest.skip("systemd-analyze is not installed: the units were only read (on Debian: apt-get install systemd)")
    house = tmp_path / "house"
    (house / COMMAND).parent.mkdir(parents=True)
    (house / COMMAND).touch(0o755)
    for name in UNITS:
        # It looks whether what is started is there.
        text = (DEPLOY / name).read_text("utf-8").replace(f"={HOUSE}", f"={house}")
        (tmp_path / name).write_text(text, "utf-8")
    done = subprocess.run(  # noqa: S603 - fixed arguments
        [verifier, "verify", *(str(tmp_path / name) for name in UNITS)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    # A setting that it does not know is a line, and no failure.
    assert [line for line in done.stderr.splitlines() if "meraukla" in line] == []
    assert done.returncode == 0, done.stderr


# --- The proxy ---


def caddyfile() -> str:
    return (DEPLOY / "Caddyfile").read_text("utf-8")


def test_the_proxy_looks_for_the_page_where_the_service_and_the_container_put_it() -> None:
    (start,) = unit_of("meraukla.service")["Service"]["ExecStart"]
    arguments = shlex.split(start)
    port, prefix = (arguments[arguments.index(option) + 1] for option in ("--port", "--path-prefix"))
    assert re.findall(r"reverse_proxy (\S+)", caddyfile()) == [f"127.0.0.1:{{$MERAUKLA_PAGE_PORT:{port}}}"]
    assert re.findall(r"@page path (.+)", caddyfile()) == [f"{prefix} {prefix}/*"]
    assert f"serve --port {port} --path-prefix {prefix}" in dict(container_instructions())["CMD"]


def test_nobody_sees_the_page_or_what_is_told_of_a_run_without_a_name() -> None:
    ((matcher, user),) = re.findall(r"basicauth @(\w+) \{\s+(.+?)\s+\}", caddyfile())
    assert user == "{$MERAUKLA_PAGE_USER} {$MERAUKLA_PAGE_PASSWORD_HASH}"
    (guarded,) = re.findall(rf"@{matcher} path (.+)", caddyfile())
    assert set(guarded.split()) == {"/dagster", "/dagster/*", "/status.json"}


def test_the_proxy_reads_only_variables_that_it_explains() -> None:
    explained = set(re.findall(r"^#   (MERAUKLA_\w+)", caddyfile(), re.MULTILINE))
    assert explained == set(re.findall(r"\{\$(MERAUKLA_\w+)", caddyfile())) == PROXY_VARIABLES


def test_caddy_accepts_the_proxy_file(monkeypatch: pytest.MonkeyPatch) -> None:
    if not (caddy := shutil.which("caddy")):
        pytest.skip("caddy is not installed: the file was only read (on Debian: apt-get install caddy)")
    monkeypatch.setenv("MERAUKLA_PAGE_USER", "synthetic")
    monkeypatch.setenv("MERAUKLA_PAGE_PASSWORD_HASH", "$2a$14$" + 53 * "a")
    done = subprocess.run(  # noqa: S603 - fixed arguments
        [caddy, "validate", "--adapter", "caddyfile", "--config", str(DEPLOY / "Caddyfile")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "Valid configuration" in done.stdout + done.stderr


# --- The container ---


def test_what_the_container_copies_is_there_and_holds_all_that_it_needs() -> None:
    sources = [
        source
        for word, rest in container_instructions()
        if word in {"COPY", "ADD"}
        for source in shlex.split(rest)[:-1]
        if not source.startswith("--")
    ]
    assert sources
    assert [source for source in sources if not (PROJECT_DIR / source).exists()] == []
    ignored = (PROJECT_DIR / ".dockerignore").read_text("utf-8").split()
    assert {".git", ".venv", "data/*", "!data/landing"} <= set(ignored)
    needed = (
        "requirements.lock",
        "pyproject.toml",
        "Makefile",
        "orchestration",
        "warehouse",
        "dbt_project",
        "data/landing",
    )
    assert [path for path in needed if path in ignored or not (PROJECT_DIR / path).exists()] == []


def run_commands() -> Iterator[list[str]]:
    """Yield each command that the container runs while it is built, and when it is started."""
    for word, rest in container_instructions():
        if word not in {"RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK"}:
            continue
        listed = re.search(r"\[.*\]$", rest)
        words = json.loads(listed[0]) if listed else shlex.split(rest)
        # What a shell is handed is commands again.
        text = words[2] if words[:2] == ["sh", "-c"] else shlex.join(words).replace("'", "")
        for command in re.split(r"&&|\|\||[&;]", text):
            if found := shlex.split(command):
                yield found[1:] if found[0] == "exec" else found


def test_every_command_that_the_container_runs_exists() -> None:
    commands = list(run_commands())
    made = [target for command in commands if command[0] == "make" for target in command[1:]]
    assert made == [".venv/run"]
    assert set(made) <= targets()
    ours = [command[1:] for command in commands if command[0] == COMMAND]
    assert [arguments[0] for arguments in ours] == ["serve", "status"]
    for arguments in ours:
        arguments_are_known(arguments)
    installed = {"make", "tini", "socat"}
    ((packages,),) = [
        [command[command.index("install") :]] for command in commands if command[:2] == ["apt-get", "install"]
    ]
    assert installed <= set(packages)
    of_the_base = {"apt-get", "rm", "useradd", "mkdir", "chown", "sh", "true"}
    known = of_the_base | installed | {"/usr/bin/tini", COMMAND, ".venv/bin/python"}
    assert {command[0] for command in commands} - known == set()


def test_the_container_keeps_what_a_run_writes_in_volumes() -> None:
    instructions = dict(container_instructions())
    written = set(json.loads(instructions["VOLUME"]))
    environment = dict(setting.split("=") for setting in instructions["ENV"].split())
    assert {environment[DATA_VARIABLE], f"{HOUSE}/dbt_project/target", f"{HOUSE}/dbt_project/logs"} == written
    assert instructions["WORKDIR"] == HOUSE
    assert [user for word, user in container_instructions() if word == "USER"] == ["meraukla"]


def test_the_build_of_the_container_stops_when_the_environment_cannot_be_made() -> None:
    runs = [rest for word, rest in container_instructions() if word == "RUN"]
    assert "make .venv/run" in runs
