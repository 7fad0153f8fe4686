"""The `minutebook` command: one file a subcommand."""
