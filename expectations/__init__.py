"""Great Expectations over the warehouse: suites guard tables, rules guard comparability and answer with flags."""
