"""The rule book of gates."""
