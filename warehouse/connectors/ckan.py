"""CKAN's action API: what a dataset holds, the files of its resources, and the rows of its tables."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from warehouse.connectors.config import CkanDataset
from warehouse.connectors.document import Known, parse
from warehouse.connectors.errors import FetchError
from warehouse.connectors.http import Answer, Client, Request, Validators

# CKAN numbers the rows of its tables itself; the number says nothing of the data.
_ROW_NUMBER = "_id"


class Resource(Known):
    """One file of a dataset."""

    id: str
    url: str
    name: str | None = None
    package_id: str | None = None

    @property
    def file_name(self) -> str:
        """Name of the file, as it stands in its address."""
        return PurePosixPath(unquote(urlsplit(self.url).path)).name


class _Organisation(Known):
    title: str | None = None


class Dataset(Known):
    """What the portal says of a dataset."""

    id: str
    name: str
    title: str | None = None
    license_title: str | None = None
    organization: _Organisation | None = None
    resources: tuple[Resource, ...]

    @property
    def publisher(self) -> str | None:
        """Who publishes it, if the portal says so."""
        return self.organization.title if self.organization else None


class _Field(Known):
    id: str


class _Page(Known):
    fields: tuple[_Field, ...]
    records: tuple[dict[str, Any], ...]
    total: int


class _Envelope(Known):
    success: bool
    result: Any = None
    error: Any = None


class Ckan:
    """One portal."""

    def __init__(self, client: Client, address: str) -> None:
        self._client = client
        self._address = address.rstrip("/")

    def package_show(self, dataset: str) -> Dataset:
        """Return what a dataset holds.

        Raises:
            FetchError: there is no such dataset, or the portal's answer has another form.
        """
        return parse(Dataset, self._action("package_show", {"id": dataset}), self._where("package_show"))

    def resource_show(self, resource: str) -> Resource:
        """Return what is known of a resource.

        Raises:
            FetchError: there is no such resource, or the portal's answer has another form.
        """
        return parse(Resource, self._action("resource_show", {"id": resource}), self._where("resource_show"))

    def download(self, resource: Resource, validators: Validators) -> Answer:
        """Return the file of a resource, unless the version that the validators tell of is still the newest.

        Raises:
            FetchError: it did not arrive whole, or is a web page.
        """
        return self._client.download(resource.url, validators)

    def find(self, config: CkanDataset) -> tuple[Dataset, list[Resource]]:
        """Return the resources that are wanted, by file name, and their dataset.

        Raises:
            FetchError: there are none; the portal may have renamed its files.
        """
        if config.resource is not None:
            resource = self.resource_show(config.resource)
            return self.package_show(resource.package_id or config.resource), [resource]
        dataset = self.package_show(config.name)
        return dataset, _chosen(dataset, config.files or "")

    def datastore_search(self, resource: str, page_rows: int, max_rows: int) -> bytes:
        """Return all rows of a resource's table as CSV: header, then rows in the table's own order.

        Raises:
            FetchError: the table is not whole, or changed while it was read.
        """
        columns: list[str] | None = None
        rows: list[Mapping[str, Any]] = []
        total: int | None = None
        while total is None or len(rows) < total:
            page = self._page(resource, page_rows, len(rows))
            names = [field.id for field in page.fields if field.id != _ROW_NUMBER]
            if columns is not None and (columns != names or total != page.total):
                raise FetchError("fetch_changed_meanwhile", self._where("datastore_search"), value=resource)
            columns, total = names, page.total
            if total > max_rows:
                raise FetchError(
                    "fetch_too_many_rows", self._where("datastore_search"), value=total, expected=max_rows
                )
            rows += page.records
            if not page.records:
                break
        # A portal that forgets the offset answers with the same page again.
        numbers = [row[_ROW_NUMBER] for row in rows if _ROW_NUMBER in row]
        if len(set(numbers)) != len(numbers):
            raise FetchError("fetch_changed_meanwhile", self._where("datastore_search"), value=resource)
        if len(rows) != total:
            raise FetchError("fetch_truncated", self._where("datastore_search"), value=len(rows), expected=total)
        return to_csv(columns or [], ([row.get(name) for name in columns or []] for row in rows))

    def _page(self, resource: str, limit: int, offset: int) -> _Page:
        parameters = {"resource_id": resource, "limit": str(limit), "offset": str(offset), "sort": _ROW_NUMBER}
        return parse(_Page, self._action("datastore_search", parameters), self._where("datastore_search"))

    def _action(self, action: str, parameters: Mapping[str, str]) -> object:
        document = self._client.get_json(Request(self._where(action), parameters))
        envelope = parse(_Envelope, document, self._where(action))
        if not envelope.success:
            raise FetchError("fetch_refused", self._where(action), value=envelope.error or "–")
        return envelope.result

    def _where(self, action: str) -> str:
        return f"{self._address}/{action}"


def _chosen(dataset: Dataset, pattern: str) -> list[Resource]:
    chosen = [
        resource
        for resource in dataset.resources
        if re.fullmatch(pattern, PurePosixPath(resource.file_name).stem, re.IGNORECASE)
    ]
    if not chosen:
        found = ", ".join(resource.file_name for resource in dataset.resources) or "–"
        raise FetchError("fetch_no_such_file", dataset.name, value=found, expected=pattern)
    return sorted(chosen, key=lambda resource: (resource.file_name, resource.id))


def to_csv(columns: Sequence[str], rows: Iterator[Sequence[Any]]) -> bytes:
    """Write a table as CSV in UTF-8. What is missing is blank."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(["" if cell is None else cell for cell in row] for row in rows)
    return text.getvalue().encode("utf-8")
