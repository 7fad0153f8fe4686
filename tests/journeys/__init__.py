"""Whole ways through a running Minutebook."""
