"""Which gateways there are, whose key each one signs with, and which meter it speaks for."""
