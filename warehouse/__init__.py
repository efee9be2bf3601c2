"""The store: files in, tables out. Plain Python that knows nothing of Dagster, dbt or Great Expectations."""
