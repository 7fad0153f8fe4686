"""How Minutebook is put on a machine: PostgreSQL, Kafka, their binaries, the processes and their supervision."""
