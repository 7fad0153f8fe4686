"""Tests of the log of record, on a real PostgreSQL."""
