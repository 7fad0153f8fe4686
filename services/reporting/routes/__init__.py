"""Reporting's routes beside those of its aggregates: imports, the portfolio and the state of the tables as JSON."""
