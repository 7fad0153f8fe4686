"""Benefits: what did it cost? Investment accounts."""
