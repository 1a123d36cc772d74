"""How the meter on a port is read, found out without any secret.

plan       from what was seen to what is tried next
attempts   what can be tried, and what can be seen
findings   what is known so far
talk       what speaks on a line unasked
fit        which meter profile goes with what was found
"""
