"""What benefits says: investment accounts."""
