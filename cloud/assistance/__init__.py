"""Help with the bill: dated programmes, who is likely to get one, and offering it only to those."""
