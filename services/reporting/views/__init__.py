"""Reporting's read models: one file each, folded from exactly one log."""
