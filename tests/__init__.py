"""Tests mirror the tree above; tests/journeys walks whole flows."""
