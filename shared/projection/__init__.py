"""Read models: tables folded from a log, kept, rebuilt beside and swapped, read as they are now or as they were known."""
