"""Which gateways there are, whose key each one signs with, and which meters it speaks for."""
