"""Which software made a file."""

from importlib.metadata import version


def software_versions() -> dict[str, str]:
    """Return the versions recorded with each run."""
    return {"meraukla_version": version("meraukla"), "duckdb_version": version("duckdb")}
