"""The stream on real servers: nothing lost, nothing doubled, nothing out of order."""
