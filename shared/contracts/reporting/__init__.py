"""What reporting says: feeds and delivery status."""
