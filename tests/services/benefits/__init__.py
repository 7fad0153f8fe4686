"""The rule book of benefits."""
