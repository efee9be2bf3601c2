"""Documents of other people: only what is used of them is looked at, and its form is checked."""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from warehouse.connectors.errors import FetchError

Model = TypeVar("Model", bound="Known")


class Known(BaseModel):
    """What is used of a document. It may hold more, which may change without harm."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


def parse(model: type[Model], document: object, where: str) -> Model:
    """Read a document.

    Raises:
        FetchError: it has another form; the error names the first place.
    """
    try:
        return model.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "–"
        raise FetchError("fetch_other_form", where, value=place, expected=first["msg"]) from error
