"""What every feature of the cloud stands on: database, tasks and the loop, identifiers, facts, languages, access."""
