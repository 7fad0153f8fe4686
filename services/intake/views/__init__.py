"""What intake knows from other services: one file a table."""
