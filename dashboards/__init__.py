"""Dashboards over the published file, as bundles that BI tools import."""
