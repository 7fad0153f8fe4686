"""Tests of the routes of reporting."""
