"""`meraukla serve` over a data folder of its own, and what a person or a monitor can ask it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any, TypeVar

import requests

from orchestration.settings import PROJECT_DIR

PREFIX = "/dagster"
# A busy machine takes many times what an idle one does.
PATIENCE_SECONDS = 420
_MARK = "MERAUKLA_TEST_MARK"
_LISTENING = "0A"

Found = TypeVar("Found")


def wait_for(what: str, look: Callable[[], Found | None], seconds: float = PATIENCE_SECONDS) -> Found:
    """Look until there is something; say what was waited for if there never is."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.3)
    raise TimeoutError(f"no {what} in {seconds} s")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Served:
    """One installation: its data, and the processes of `meraukla serve`."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.mark = uuid.uuid4().hex
        self._log = data / "serve.log"
        self.environment = os.environ | {_MARK: self.mark, "MERAUKLA_DATA_DIR": str(data)}
        for others in ("MERAUKLA_BUILD_FILE", "DAGSTER_HOME", "MERAUKLA_OPERATIONS_FILE"):
            self.environment.pop(others, None)

    def start(self) -> None:
        """Start it and wait until its page answers."""
        self.port = free_port()
        command = [sys.executable, "-m", "orchestration", "serve", "--port", str(self.port), "--path-prefix", PREFIX]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - fixed arguments
                command, cwd=PROJECT_DIR, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        wait_for("page", self._answers)
        wait_for("definitions", self._knows_the_job)

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log()
        with suppress(requests.ConnectionError, requests.Timeout):
            return requests.get(self.address("/server_info"), timeout=30).ok
        return False

    def _knows_the_job(self) -> bool:
        # The page answers before the process that holds the definitions has told it of them.
        found = self.ask("{ repositoriesOrError { ... on RepositoryConnection { nodes { jobs { name } } } } }")
        nodes = found["repositoriesOrError"].get("nodes", [])
        return any(job["name"] == "publish_warehouse" for node in nodes for job in node["jobs"])

    def address(self, path: str = "") -> str:
        """Return the address of something on the page."""
        return f"http://127.0.0.1:{self.port}{PREFIX}{path}"

    def log(self) -> str:
        """Return the end of what it has said."""
        return self._log.read_text("utf-8", errors="replace")[-5000:]

    def processes(self) -> dict[int, str]:
        """Return every process that came of this installation, however it was started: its id and its command."""
        found = {}
        for folder in Path("/proc").iterdir():
            # What ends while it is looked at is no process any more.
            with suppress(OSError):
                if folder.name.isdigit() and f"{_MARK}={self.mark}".encode() in (folder / "environ").read_bytes():
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        return found

    def listens_on(self) -> dict[int, IPv4Address | IPv6Address]:
        """Return each port that one of the processes listens on, and at which address."""
        inodes = set()
        for process in self.processes():
            for descriptor in Path(f"/proc/{process}/fd").iterdir():
                with suppress(OSError):
                    inodes.add(str(descriptor.readlink()))
        found = {}
        for table in ("tcp", "tcp6"):
            for line in Path(f"/proc/net/{table}").read_text("ascii").splitlines()[1:]:
                _, local, _, state, *others = line.split()
                if state == _LISTENING and f"socket:[{others[5]}]" in inodes:
                    address, _, port = local.partition(":")
                    words = [bytes.fromhex(address[at : at + 8])[::-1] for at in range(0, len(address), 8)]
                    found[int(port, 16)] = ip_address(b"".join(words))
        return found

    def ask(self, query: str, **variables: Any) -> Any:  # noqa: ANN401 - JSON
        """Ask the page as a browser does.

        Returns:
            The answer's data.
        """
        content = {"query": query, "variables": variables}
        answer = requests.post(self.address("/graphql"), json=content, timeout=120).json()
        assert "errors" not in answer, answer
        return answer["data"]

    def launch(self) -> str:
        """Start the job as a person does on the page.

        Returns:
            The run's id.
        """
        selector = {
            "repositoryLocationName": "orchestration.definitions",
            "repositoryName": "__repository__",
            "jobName": "publish_warehouse",
        }
        query = """
            mutation ($parameters: ExecutionParams!) {
              launchRun(executionParams: $parameters) {
                __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
              }
            }
        """
        launched = self.ask(query, parameters={"selector": selector, "runConfigData": {}})["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        return str(launched["run"]["runId"])

    def status(self, run_id: str) -> str:
        """Return what Dagster says of a run."""
        query = "query ($run: ID!) { runOrError(runId: $run) { ... on Run { status } } }"
        return str(self.ask(query, run=run_id)["runOrError"]["status"])

    def last_run(self) -> dict[str, Any]:
        """Return what is noted of the last run; nothing before the first."""
        with suppress(OSError, ValueError):
            return dict(json.loads((self.data / "build" / "last_run.json").read_text("utf-8")))
        return {}

    def alerts(self) -> list[tuple[str, str | None]]:
        """Return the alerts so far: what happened, and in which run."""
        log = self.data / "logs" / "alerts.jsonl"
        lines = log.read_text("utf-8").splitlines() if log.is_file() else []
        return [(alert["kind"], alert["run_id"]) for alert in map(json.loads, lines)]

    def wait_until_at_work(self, run_id: str) -> int:
        """Wait until a run is in its steps.

        Returns:
            The id of its process.
        """

        def at_work() -> int:
            assert self.status(run_id) not in {"FAILURE", "SUCCESS", "CANCELED"}, self.log()
            record = self.last_run()
            return int(record["pid"]) if (record.get("run_id"), record.get("state")) == (run_id, "running") else 0

        return wait_for("run at work", at_work)

    def kill(self) -> None:
        """End all of it at once, as a power cut does."""
        while found := self.processes():
            for process in found:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(1)


def running(data: Path) -> Iterator[Served]:
    """Serve until the test is over, and leave nothing behind however it goes."""
    served = Served(data)
    try:
        served.start()
        yield served
    finally:
        served.kill()
