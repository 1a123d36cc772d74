"""Drops of the utility's customer system: who pays, by which contract, what was billed and paid."""
