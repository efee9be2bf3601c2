"""Dagster's own page: what it says of the published file, before and after a run that happens while it is open."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from orchestration.settings import PROJECT_DIR
from tests.clients.harness import rows_of

SECONDS = 180
QUESTION = """
query($key: AssetKeyInput!) {
  assetNodeOrError(assetKey: $key) {
    ... on AssetNode {
      assetMaterializations(limit: 1) {
        runId
        metadataEntries { label ... on TextMetadataEntry { text } ... on IntMetadataEntry { intValue } }
      }
    }
  }
}
"""


class House:
    """A data folder of its own, with Dagster's page over it."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.environment = os.environ | {
            "MERAUKLA_DATA_DIR": str(data),
            "DAGSTER_HOME": str(data / "dagster"),
            "GX_ANALYTICS_ENABLED": "false",
        }
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def build(self) -> None:
        """Run the whole job as a user would."""
        command = [sys.executable, "-m", "orchestration", "build", "--force"]
        done = subprocess.run(  # noqa: S603 - fixed arguments
            command, cwd=PROJECT_DIR, env=self.environment, capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def published_run(self) -> str:
        """Return the run that the published file names."""
        return str(rows_of(self.data / "published" / "meraukla.duckdb", "select run_id from audit.run")[0][0])

    def serve(self) -> subprocess.Popen[bytes]:
        """Start the page and wait until it answers."""
        command = [sys.executable, "-m", "dagster_webserver", "--module-name", "orchestration.definitions"]
        command += ["--host", "127.0.0.1", "--port", str(self.port)]
        log = (self.data / "webserver.log").open("ab")
        server = subprocess.Popen(  # noqa: S603 - fixed arguments
            command, cwd=PROJECT_DIR, env=self.environment, stdout=log, stderr=subprocess.STDOUT
        )
        for _ in range(SECONDS * 2):
            try:
                if requests.get(f"http://127.0.0.1:{self.port}/server_info", timeout=5).ok:
                    return server
            except requests.ConnectionError:
                time.sleep(0.5)
        server.kill()
        raise TimeoutError((self.data / "webserver.log").read_text("utf-8")[-3000:])

    def latest_publication(self) -> dict[str, Any]:
        """Ask the page, as a browser does, for the newest materialisation of the published file."""
        content = {"query": QUESTION, "variables": {"key": {"path": ["published", "meraukla"]}}}
        answer = requests.post(f"http://127.0.0.1:{self.port}/graphql", json=content, timeout=SECONDS).json()
        (latest,) = answer["data"]["assetNodeOrError"]["assetMaterializations"]
        return dict(latest)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
def page(house: House) -> Iterator[House]:
    """The page, opened once the first file is published."""
    house.build()
    server = house.serve()
    yield house
    server.terminate()
    server.wait(60)


def test_the_page_names_the_run_that_published_the_file_and_the_next_one_as_soon_as_it_has(page: House) -> None:
    first = page.latest_publication()
    assert first["runId"] == page.published_run()
    labels = {entry["label"]: entry for entry in first["metadataEntries"]}
    assert labels["tables"]["intValue"] > 0
    assert labels["dagster/row_count"]["intValue"] > 0

    page.build()

    second = page.latest_publication()
    assert second["runId"] == page.published_run() != first["runId"]
