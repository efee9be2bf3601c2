"""Fetch files from public portals. What is fetched lands as a file first, and is read like any file handed in."""
