"""Why something could not be fetched. The words are in the catalogue of messages."""

from warehouse.messages import message


class FetchError(Exception):
    """A request or what it brought is not in order; the message says what to do.

    Args:
        rule: name of the message in the catalogue.
        address: what was asked for.
        value: what was found.
        expected: what would have been right.
        is_transient: whether asking again may help.
    """

    def __init__(
        self, rule: str, address: str, *, value: object = "", expected: object = "", is_transient: bool = False
    ) -> None:
        super().__init__(rule, address, value, expected)
        self.rule = rule
        self.address = address
        self.value = value
        self.expected = expected
        self.is_transient = is_transient

    def message(self, language: str) -> str:
        """Return what the steward reads, in `lv` or `en`."""
        return message(self.rule, language, file=self.address, value=self.value, expected=self.expected)

    def __str__(self) -> str:
        return self.message("en")
