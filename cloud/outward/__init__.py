"""Outward: signed events for the utility's other systems, each with the original its gateway signed."""
