"""What this cloud orders its gateways: signed by keys of their own, said until it is answered, kept for good."""
