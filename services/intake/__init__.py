"""Intake: what should we do? Proposals and the initiatives that come of them."""
