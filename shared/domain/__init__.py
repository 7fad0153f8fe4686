"""The pattern of every rule book: a command is decided from a state and what was given; events evolve the state. Pure throughout."""
