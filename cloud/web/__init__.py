"""The doors for people and programs: pages that a stranger understands at once, and the REST interface beside them."""
