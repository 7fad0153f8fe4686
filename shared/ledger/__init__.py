"""The append-only log of record: append, read, verify, disclose. One PostgreSQL database a service."""
