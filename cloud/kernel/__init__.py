"""What every feature of the cloud stands on: database, tasks, identifiers, access, and the loop that drives rules."""
