"""Gates: may it go on? Offices, authority, frameworks, boards, gate reviews."""
