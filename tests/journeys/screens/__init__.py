"""Journeys through the screens, in a real browser."""
