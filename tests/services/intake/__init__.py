"""The rule book of intake."""
