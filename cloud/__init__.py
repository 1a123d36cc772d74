"""The cloud service: takes signed events in, knows what is true of every home, and tells customers."""
