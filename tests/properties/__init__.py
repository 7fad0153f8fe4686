"""What holds whatever is done, in whatever order, and whatever breaks off in the middle of it."""
