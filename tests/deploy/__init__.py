"""Tests of the launcher, on real servers."""
