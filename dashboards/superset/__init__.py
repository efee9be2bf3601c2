"""The bundle for Apache Superset: datasets, charts and dashboards, made from the published file."""
