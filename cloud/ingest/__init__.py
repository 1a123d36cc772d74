"""How a gateway's sealed events come in: verified, kept durably, receipted, and made known to the other features."""
