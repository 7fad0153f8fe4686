"""What benefits does when it hears of an event: one file a flow."""
