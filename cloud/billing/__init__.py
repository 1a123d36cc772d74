"""What energy costs: who pays by which contract and tariff, what is billed, and why a bill is higher than the last."""
