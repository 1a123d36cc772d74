"""What every Lamplight program needs and no contract should hold: settings, clocks, logs, errors, exit codes.

Standard library only, and small: a Pi Zero starts all of it in milliseconds.
The three programs meet here and in `wire`, and nowhere else.
"""

VERSION = "0.1.0"
"""Of all of Lamplight; asking the installed package for it would cost a gateway four megabytes."""
