"""What every process needs: settings, clock, telemetry, health, a tuned loop, blobs. Uses no other package of ours."""
