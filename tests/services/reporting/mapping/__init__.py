"""Tests of the mapping of files."""
