"""The yearly monitoring report: a static site and a PDF, written from the published file alone."""
