"""What reporting does when it hears of something: one file a flow."""
