"""What gateways notice about how a home uses electricity, and who is told of it."""
