"""Cases: what the cloud holds to be an outage, on which evidence, and whom that makes us write to."""
