"""What intake says: proposals and initiatives."""
