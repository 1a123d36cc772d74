"""What the meters measured: interval readings over periods and the latest register readings, each with its source."""
