"""From the log to Kafka, and from Kafka to tables, reactions and timers: in order, without gaps, with one effect each."""
