"""A Superset of its own: metadata database, one user, a server on the loopback address."""

import os
import secrets
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import requests

from tests.clients.harness import environment

USER = "synthetic"
SECONDS = 180
_CONFIG = """
SECRET_KEY = {key!r}
SQLALCHEMY_DATABASE_URI = "sqlite:///{folder}/metadata.db?check_same_thread=false"
WTF_CSRF_ENABLED = False
# It serves this test on the loopback address, without TLS.
TALISMAN_ENABLED = False
"""


@dataclass
class SupersetServer:
    """Superset as its guide says: migrate, make a user, initialise, run.

    Attributes:
        folder: its home; what it logs lies there as well.
    """

    folder: Path
    password: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    port: int = 0
    _process: subprocess.Popen[bytes] | None = None
    _api: requests.Session = field(default_factory=requests.Session)

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def _environment(self) -> dict[str, str]:
        config = self.folder / "superset_config.py"
        return os.environ | {
            "SUPERSET_CONFIG_PATH": str(config),
            "SUPERSET_HOME": str(self.folder),
            "FLASK_APP": "superset",
            "HOME": str(self.folder),
        }

    def _run(self, *arguments: str) -> None:
        with (self.folder / "setup.log").open("ab") as log:
            subprocess.run(  # noqa: S603 - fixed arguments
                [environment("superset", "superset"), *arguments],
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                check=True,
                timeout=SECONDS * 2,
            )

    def __enter__(self) -> Self:
        config = _CONFIG.format(key=secrets.token_urlsafe(42), folder=self.folder)
        (self.folder / "superset_config.py").write_text(config, "utf-8")
        self._run("db", "upgrade")
        names = ["--firstname", USER, "--lastname", USER, "--email", "synthetic@example.invalid"]
        self._run("fab", "create-admin", "--username", USER, "--password", self.password, *names)
        self._run("init")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._process = subprocess.Popen(  # noqa: S603 - fixed arguments
            [environment("superset", "superset"), "run", "--host", "127.0.0.1", "--port", str(self.port)],
            env=self._environment,
            stdout=(self.folder / "server.log").open("ab"),
            stderr=subprocess.STDOUT,
        )
        self._wait()
        login = {"username": USER, "password": self.password, "provider": "db"}
        token = self.post("/api/v1/security/login", login)["access_token"]
        self._api.headers["Authorization"] = f"Bearer {token}"
        return self

    def _wait(self) -> None:
        for _ in range(SECONDS * 2):
            try:
                if requests.get(f"{self.address}/health", timeout=5).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.5)
        raise TimeoutError((self.folder / "server.log").read_text("utf-8")[-3000:])

    def __exit__(self, *_: object) -> None:
        self._api.close()
        if self._process:
            self._process.terminate()
            self._process.wait(30)

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Ask the API."""
        return self._answer(self._api.get(self.address + path, timeout=SECONDS))

    def post(self, path: str, content: Any) -> Any:  # noqa: ANN401 - JSON
        """Send JSON to the API."""
        return self._answer(self._api.post(self.address + path, json=content, timeout=SECONDS))

    @staticmethod
    def _answer(response: requests.Response) -> Any:  # noqa: ANN401 - JSON
        assert response.ok, f"{response.status_code} {response.url}: {response.text[:2000]}"
        return response.json()
