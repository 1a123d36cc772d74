"""Stories: real programs started as processes beside simulated meters, probes and mailboxes, and told what happens.

A story only uses doors that a person has too: commands, control sockets, the cloud's REST interface, the mailbox.
"""
