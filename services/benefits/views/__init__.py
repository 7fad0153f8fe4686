"""What benefits knows from other services: one file a table."""
