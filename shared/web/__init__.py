"""The web: routes, forms and pages of a service, derived from its aggregates."""
