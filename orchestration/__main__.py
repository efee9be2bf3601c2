"""`python -m orchestration`: the same as `meraukla`."""

from orchestration.cli import main

main()
