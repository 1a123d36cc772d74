"""Homes by the hour, faults put into them, and other ways to notice a fault."""
