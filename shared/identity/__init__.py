"""Who may: tokens and the local issuer, roles per office, the access policy, and what the record holds of conduct."""
