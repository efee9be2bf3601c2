"""`meraukla serve` as it is left on a server: reached from this machine alone, awake, and ended without a rest."""

import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from orchestration.settings import PROJECT_DIR
from tests.e2e.served import PREFIX, Served, free_port, running, wait_for

USER, PASSWORD = "synthetic", "synthetic-password"
HEALTH = "{ instance { daemonHealth { allDaemonStatuses { daemonType required healthy } } } }"
WATCHES = """
{
  repositoriesOrError {
    ... on RepositoryConnection {
      nodes {
        schedules { name cronSchedule executionTimezone scheduleState { status } }
        sensors { name sensorState { status } }
      }
    }
  }
}
"""


class Proxy:
    """Caddy with deploy/Caddyfile as it is, on a port of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.session = requests.Session()
        # Else the authorities that the environment names would stand before this one.
        self.session.trust_env = False
        self.session.verify = str(folder / "data" / "pki" / "authorities" / "local" / "root.crt")

    def start(self, caddy: str, page_port: int, published: Path) -> subprocess.Popen[bytes]:
        """Start it with an authority of its own, which signs a certificate for this machine's own name."""
        own = self.folder / "Caddyfile"
        own.write_text(
            f"{{\n admin off\n skip_install_trust\n auto_https disable_redirects\n"
            f" storage file_system {self.folder / 'data'}\n}}\nimport {PROJECT_DIR / 'deploy' / 'Caddyfile'}\n"
        )
        hashed = subprocess.run(  # noqa: S603 - fixed arguments
            [caddy, "hash-password", "--plaintext", PASSWORD], capture_output=True, text=True, check=True, timeout=60
        )
        environment = os.environ | {
            "MERAUKLA_SITE": f"https://localhost:{self.port}",
            "MERAUKLA_PAGE_USER": USER,
            "MERAUKLA_PAGE_PASSWORD_HASH": hashed.stdout.strip(),
            "MERAUKLA_PAGE_PORT": str(page_port),
            "MERAUKLA_PUBLISHED_DIR": str(published),
            "XDG_CONFIG_HOME": str(self.folder),
        }
        with (self.folder / "log").open("wb") as log:
            return subprocess.Popen(  # noqa: S603 - fixed arguments
                [caddy, "run", "--adapter", "caddyfile", "--config", str(own)],
                env=environment,
                stderr=log,
                stdout=log,
            )

    def address(self, path: str) -> str:
        """Return the address of something behind the proxy."""
        return f"https://localhost:{self.port}{path}"

    def answers(self) -> bool:
        """Whether it is up."""
        with suppress(OSError):
            return self.get("/manifest.json").ok
        return False

    def get(self, path: str, login: tuple[str, str] | None = None) -> requests.Response:
        """Ask for something, with a name and a password or without."""
        return self.session.get(self.address(path), auth=login, timeout=60)

    def get_as_it_is(self, path: str) -> int:
        """Ask for a path that a well-behaved client would put in order first, and return the answer's status."""
        context = ssl.create_default_context(cafile=str(self.session.verify))
        with (
            socket.create_connection(("localhost", self.port), timeout=60) as line,
            context.wrap_socket(line, server_hostname="localhost") as secured,
        ):
            secured.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            return int(secured.makefile("rb").readline().split()[1])


pytestmark = pytest.mark.usefixtures("manifest")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One that the tests which do it no harm share."""
    yield from running(tmp_path_factory.mktemp("served"))


@pytest.fixture
def own_served(tmp_path: Path) -> Iterator[Served]:
    """One of the test's own."""
    yield from running(tmp_path)


def other_address() -> str | None:
    """Return this machine's address on a network, None if it is on none. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("192.0.2.1", 9))
        except OSError:
            return None
        return str(asking.getsockname()[0])


def test_the_page_is_reached_from_this_machine_alone(served: Served) -> None:
    listens_on = served.listens_on()
    assert served.port in listens_on
    assert [(port, address) for port, address in listens_on.items() if not address.is_loopback] == []
    if address := other_address():
        with pytest.raises(OSError, match="refused"):
            socket.create_connection((address, served.port), timeout=30)


def test_behind_a_proxy_the_page_and_its_parts_lie_under_the_prefix(served: Served) -> None:
    page = requests.get(served.address("/"), timeout=60)
    assert page.ok
    assert f'"pathPrefix": "{PREFIX}"' in page.text or f'"{PREFIX}/' in page.text
    assert requests.get(f"http://127.0.0.1:{served.port}/graphql", timeout=60).status_code == 404


@pytest.fixture(scope="module")
def proxy(served: Served, published_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """The proxy of deploy/Caddyfile before the page and the published files."""
    if not (caddy := shutil.which("caddy")):
        pytest.skip("caddy is not installed: nothing stood before the page (on Debian: apt-get install caddy)")
    found = Proxy(tmp_path_factory.mktemp("proxy"))
    process = found.start(caddy, served.port, published_file.parent)
    try:
        wait_for("proxy", found.answers)
        yield found
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    "path", ["/dagster", "/dagster/", "/dagster/graphql", "/dagster/server_info", "/status.json"]
)
@pytest.mark.parametrize("login", [None, (USER, "wrong"), ("other", PASSWORD)])
def test_nobody_comes_past_the_proxy_to_the_page_without_a_name(
    proxy: Proxy, path: str, login: tuple[str, str] | None
) -> None:
    assert proxy.get(path, login).status_code == 401


def test_who_has_a_name_works_with_the_page_through_the_proxy_over_tls(proxy: Proxy, served: Served) -> None:
    page = proxy.get("/dagster/", (USER, PASSWORD))
    assert page.ok
    # What the page asks for next lies where the proxy lets it through.
    scripts = re.findall(r'(?:src|href)="(/[^"]+\.(?:js|css))"', page.text)
    assert scripts
    assert {script.split("/")[1] for script in scripts} == {PREFIX.strip("/")}
    assert proxy.get(scripts[0], (USER, PASSWORD)).ok
    answer = proxy.session.post(
        proxy.address("/dagster/graphql"), json={"query": "{ version }"}, auth=(USER, PASSWORD), timeout=60
    )
    assert answer.json()["data"]["version"]
    assert requests.get(served.address("/server_info"), timeout=60).ok
    assert proxy.get("/status.json", (USER, PASSWORD)).json()["last_run"]


def test_what_is_public_is_had_without_a_name_and_nothing_beside_it(proxy: Proxy, published_file: Path) -> None:
    assert proxy.get("/meraukla.duckdb").content == published_file.read_bytes()
    assert proxy.get("/manifest.json").json()["run"]
    assert proxy.get("/report/index.html").ok == (published_file.parent / "report" / "index.html").is_file()
    hidden = ("/", "/history.jsonl", "/snapshots/", "/current/meraukla.duckdb", "/parquet/../history.jsonl")
    disguised = ("/parquet/%2e%2e/history.jsonl", "/report/..%2fhistory.jsonl", "/parquet//../history.jsonl")
    assert (published_file.parent / "history.jsonl").is_file()
    found = {path: proxy.get_as_it_is(path) for path in (*hidden, *disguised)}
    assert {path: status for path, status in found.items() if status != 404} == {}


def test_the_daemon_is_awake(served: Served) -> None:
    def all_awake() -> list[dict[str, Any]]:
        found = served.ask(HEALTH)["instance"]["daemonHealth"]["allDaemonStatuses"]
        needed = [daemon for daemon in found if daemon["required"]]
        return needed if all(daemon["healthy"] for daemon in needed) else []

    types = {daemon["daemonType"] for daemon in wait_for("daemon that is awake", all_awake)}
    assert {"SCHEDULER", "SENSOR", "QUEUED_RUN_COORDINATOR", "MONITORING"} <= types


def test_the_schedules_and_sensors_are_on_as_a_person_leaves_them(served: Served) -> None:
    (repository,) = served.ask(WATCHES)["repositoriesOrError"]["nodes"]
    schedules = {
        found["name"]: (found["cronSchedule"], found["executionTimezone"], found["scheduleState"]["status"])
        for found in repository["schedules"]
    }
    assert schedules == {
        "nightly": ("0 2 * * *", "Europe/Riga", "RUNNING"),
        "pruning": ("30 5 * * *", "Europe/Riga", "RUNNING"),
    }
    sensors = {found["name"]: found["sensorState"]["status"] for found in repository["sensors"]}
    assert sensors == dict.fromkeys(("landing_zone", "lost_run", "failed_run"), "RUNNING")


def test_a_run_that_is_killed_is_told_of_and_the_next_one_publishes(served: Served) -> None:
    killed = served.launch()
    os.kill(served.wait_until_at_work(killed), signal.SIGKILL)
    # Dagster sees it in a moment, the sensor that tells of it within a minute.
    wait_for("alert", lambda: ("run_killed", killed) in served.alerts())
    assert served.status(killed) == "FAILURE"
    assert served.last_run()["state"] == "killed"
    assert not (served.data / "published" / "meraukla.duckdb").exists()

    following = served.launch()
    wait_for("end of the run", lambda: served.status(following) in {"SUCCESS", "FAILURE", "CANCELED"})
    assert served.status(following) == "SUCCESS", served.log()
    assert (served.data / "published" / "meraukla.duckdb").is_file()
    assert (served.last_run()["run_id"], served.last_run()["state"]) == (following, "succeeded")
    assert [kind for kind, run in served.alerts() if run in {killed, following}].count("run_killed") == 1


def test_when_it_is_told_to_stop_nothing_is_left_of_it_and_a_run_under_way_says_so(own_served: Served) -> None:
    run = own_served.launch()
    own_served.wait_until_at_work(run)
    own_served.process.send_signal(signal.SIGTERM)
    assert own_served.process.wait(120) == 0
    assert own_served.processes() == {}
    assert (own_served.last_run()["run_id"], own_served.last_run()["state"]) == (run, "stopped")
    assert own_served.alerts() == [("run_failed", run)]


def test_after_a_power_cut_it_tells_of_the_run_that_was_cut_off_as_soon_as_it_starts(own_served: Served) -> None:
    run = own_served.launch()
    own_served.wait_until_at_work(run)
    own_served.kill()
    assert own_served.last_run()["state"] == "running"
    assert own_served.alerts() == []
    own_served.start()
    assert own_served.alerts() == [("run_killed", run)]
    assert own_served.last_run()["state"] == "killed"
    # As only one run may be under way, it would keep out the night's run for ever.
    assert own_served.status(run) == "STARTED"
    wait_for("run marked as failed", lambda: own_served.status(run) == "FAILURE")
    assert own_served.alerts() == [("run_killed", run)]
