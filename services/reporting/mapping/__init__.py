"""From a file as a source publishes it to rows that say what it states: mapping tables as data, and the pure mapper that applies them."""
