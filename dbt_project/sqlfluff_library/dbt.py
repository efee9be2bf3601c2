"""Stand-ins for dbt's cross-database macros, so that `sqlfluff` can read the models without a database.

They give SQL of the same shape, not of the same meaning: only the layout of it is checked.
"""


def listagg(measure: str, delimiter_text: str, order_by_clause: str) -> str:
    """Return the shape of `dbt.listagg`."""
    return f"string_agg({measure}, {delimiter_text} {order_by_clause})"


def datediff(first_date: str, second_date: str, datepart: str) -> str:
    """Return the shape of `dbt.datediff`."""
    return f"date_diff('{datepart}', {first_date}, {second_date})"
