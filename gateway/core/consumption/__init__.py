"""What is unusual in a home's use of energy, noticed at the edge from interval energy alone.

    row of the load profile -hours-> HourUse -bank-> four channels, each with its alarm -> UnusualUse

A channel notices one kind of unusual use: a spike, whole days above usual, quiet hours above usual, nothing at all.
Every channel tells a score that is 1.0 exactly at its line, and every channel's alarm follows the same rules: it is
raised once, nothing unusual is learnt while it is open, it ends, and then it rests. The first eight weeks are learning:
until then only what is gross is told, and for two weeks nothing is.

Pure: the zone, in whose hours and days people live, is handed in; instants are Unix seconds, UTC. What is missing is
missing and never zero. All of it is plain Python and a few kilobytes for each meter, so that it runs on a small board.
"""

from gateway.core.consumption.bank import LEARNING_DAYS, Bank, Looked, look
from gateway.core.consumption.channel import Maturity

__all__ = ["LEARNING_DAYS", "Bank", "Looked", "Maturity", "look"]
