"""Fetch what the connectors of the strategies name. No source keeps another from its files."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from warehouse.clock import utc_now
from warehouse.connectors.ckan import Ckan, Dataset, Resource
from warehouse.connectors.config import (
    CkanConnector,
    CkanDataset,
    PxwebConnector,
    PxwebTable,
    read_connectors,
)
from warehouse.connectors.errors import FetchError
from warehouse.connectors.http import Client, Limits, Validators
from warehouse.connectors.landing import Fetched, SourceFolder, find_origins, write_whole
from warehouse.connectors.pxweb import Pxweb

State = Literal["new", "unchanged", "failed"]
NewClient = Callable[[str, Limits], Client]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file, or of a whole source where not even its files are known.

    Attributes:
        strategy_code: strategy.
        source: source.
        name: file, or what was asked for.
        state: new, unchanged or failed.
        path: where a new file lies.
        as_of_on: day that its figures are about, if it is known.
        message_lv: what went wrong and what to do, in Latvian.
        message_en: the same in English.
    """

    strategy_code: str
    source: str
    name: str
    state: State
    path: Path | None = None
    as_of_on: date | None = None
    message_lv: str = ""
    message_en: str = ""


@dataclass(frozen=True, slots=True)
class SourceAge:
    """How old what has landed of a source is.

    Attributes:
        strategy_code: strategy.
        source: source.
        retrieved_at: when its newest file was fetched; None if it never was.
        as_of_on: newest day that its figures are about, if it is known.
        asked_at: when its portal was asked last.
        answered_at: when its portal last answered everything.
    """

    strategy_code: str
    source: str
    retrieved_at: datetime | None
    as_of_on: date | None
    asked_at: datetime | None
    answered_at: datetime | None


def fetch(
    landing: Path,
    log: Path,
    sources: Sequence[str] = (),
    *,
    new_client: NewClient = Client,
    now: Callable[[], datetime] = utc_now,
) -> list[Outcome]:
    """Fetch what is new from all portals that are configured.

    Args:
        landing: the landing zone.
        log: file that remembers when each portal was asked.
        sources: only these; all if empty.
        new_client: makes the client of a portal.
        now: the time, in UTC.

    Raises:
        ConnectorConfigError: a `connectors.yml` is malformed.
    """
    outcomes: list[Outcome] = []
    # All are read before the first is asked: a mistake in one is told at once.
    for strategy, connector in list(_connectors(landing)):
        if sources and connector.source not in sources:
            continue
        own = list(_fetch_source(strategy, connector, new_client, now))
        _remember(log, strategy.name, connector.source, now(), answered=all(o.state != "failed" for o in own))
        outcomes += own
    return outcomes


def has_connectors(landing: Path) -> bool:
    """Whether anything is to be fetched.

    Raises:
        ConnectorConfigError: a `connectors.yml` is malformed.
    """
    return any(True for _ in _connectors(landing))


def source_ages(landing: Path, log: Path) -> list[SourceAge]:
    """Return how old what was fetched is, for each source that has a connector.

    Raises:
        ConnectorConfigError: a `connectors.yml` is malformed.
    """
    asked = _read_log(log)
    ages = []
    for strategy, connector in _connectors(landing):
        origins = find_origins(strategy / connector.source)
        entry = asked.get(f"{strategy.name}/{connector.source}", {})
        ages.append(
            SourceAge(
                strategy.name,
                connector.source,
                max((origin.retrieved_at for origin in origins), default=None),
                max((origin.as_of_on for origin in origins if origin.as_of_on), default=None),
                _moment(entry.get("asked_at")),
                _moment(entry.get("answered_at")),
            )
        )
    return ages


def _connectors(landing: Path) -> Iterator[tuple[Path, CkanConnector | PxwebConnector]]:
    folders = sorted(path for path in landing.iterdir() if path.is_dir()) if landing.is_dir() else []
    for folder in folders:
        for connector in read_connectors(folder):
            yield folder, connector


def _fetch_source(
    strategy: Path,
    connector: CkanConnector | PxwebConnector,
    new_client: NewClient,
    now: Callable[[], datetime],
) -> Iterator[Outcome]:
    folder = SourceFolder(strategy / connector.source)
    with closing(new_client(connector.address, connector.limits)) as client:
        tasks = (
            _ckan_tasks(client, connector, folder)
            if isinstance(connector, CkanConnector)
            else _pxweb_tasks(client, connector)
        )
        for name, as_of_on, task in tasks:
            try:
                fetched = task()
                path = folder.land(fetched, now()) if fetched else None
                state: State = "new" if path else "unchanged"
                yield Outcome(strategy.name, connector.source, name, state, path, as_of_on)
            except FetchError as error:
                yield _failure(strategy.name, connector.source, name, error)
            except OSError as error:
                refusal = FetchError("fetch_not_written", name, value=error)
                yield _failure(strategy.name, connector.source, name, refusal)


_Task = tuple[str, date | None, Callable[[], Fetched | None]]


def _ckan_tasks(client: Client, connector: CkanConnector, folder: SourceFolder) -> Iterator[_Task]:
    portal = Ckan(client, connector.address)
    for config in connector.datasets:
        try:
            dataset, resources = portal.find(config)
        except FetchError as error:
            yield config.name, None, _raise(error)
            continue
        for resource in resources:
            as_of_on = _as_of(resource, config)
            yield resource.file_name, as_of_on, _ckan_task(portal, connector, config, dataset, resource, folder)


def _ckan_task(  # noqa: PLR0913, PLR0917 - what one file is fetched with
    portal: Ckan,
    connector: CkanConnector,
    config: CkanDataset,
    dataset: Dataset,
    resource: Resource,
    folder: SourceFolder,
) -> Callable[[], Fetched | None]:
    stem = config.stem or Path(resource.file_name).stem

    def task() -> Fetched | None:
        if config.as_table:
            content, name = (
                portal.datastore_search(resource.id, connector.page_rows, connector.max_rows),
                f"{stem}.csv",
            )
            validators = Validators()
        else:
            # Asked about the version of this address only: another one may be older, and new all the same.
            known = folder.newest_origin(stem)
            is_same = known is not None and known.url == resource.url
            answer = portal.download(resource, known.validators if known and is_same else Validators())
            if not answer.is_modified:
                return None
            content, name = answer.content, stem + Path(resource.file_name).suffix.lower()
            validators = answer.validators
        return Fetched(
            name,
            content,
            resource.url,
            resource.name or dataset.title,
            connector.publisher or dataset.publisher,
            connector.licence or dataset.license_title,
            _as_of(resource, config),
            validators,
        )

    return task


def _pxweb_tasks(client: Client, connector: PxwebConnector) -> Iterator[_Task]:
    database = Pxweb(client, connector.address, connector.max_cells)
    for config in connector.tables:

        def task(config: PxwebTable = config) -> Fetched:
            cube, content = database.table(config)
            address = f"{connector.address.rstrip('/')}/{config.table.strip('/')}"
            return Fetched(
                f"{config.stem}.csv",
                content,
                address,
                cube.label,
                connector.publisher or cube.source,
                connector.licence,
                None,
                Validators(),
            )

        yield config.stem, None, task


def _as_of(resource: Resource, config: CkanDataset) -> date | None:
    """Return the day that stands in the name of a file; None if it is no day."""
    found = re.search(config.as_of, Path(resource.file_name).stem, re.IGNORECASE) if config.as_of else None
    if not found:
        return None
    try:
        return date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return None


def _raise(error: FetchError) -> Callable[[], Fetched | None]:
    def task() -> Fetched | None:
        raise error

    return task


def _failure(strategy_code: str, source: str, name: str, error: FetchError) -> Outcome:
    return Outcome(
        strategy_code, source, name, "failed", message_lv=error.message("lv"), message_en=error.message("en")
    )


def _remember(log: Path, strategy_code: str, source: str, moment: datetime, *, answered: bool) -> None:
    entries = _read_log(log)
    entry = entries.setdefault(f"{strategy_code}/{source}", {})
    entry["asked_at"] = moment.isoformat()
    if answered:
        entry["answered_at"] = entry["asked_at"]
    log.parent.mkdir(parents=True, exist_ok=True)
    write_whole(log, json.dumps(entries, indent=2).encode("utf-8"))


def _read_log(log: Path) -> dict[str, dict[str, str]]:
    try:
        entries = json.loads(log.read_text("utf-8"))
    except (OSError, ValueError):
        # Never asked, or damaged: it is only a memory of when.
        return {}
    return entries if isinstance(entries, dict) else {}


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
