"""The way of the data as Dagster sees it, and the command line."""
