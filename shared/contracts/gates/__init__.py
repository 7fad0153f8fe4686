"""What gates says: offices, authority, frameworks, boards, gate reviews."""
