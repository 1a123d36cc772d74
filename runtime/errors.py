"""The root of every error a person may see.

    LamplightError
    ├── SettingsError       the settings file is wrong: a person edits it
    ├── InputRefused        what was handed in at a door is wrong: a person hands in something else
    └── EnvironmentRefused  the machine cannot serve now (port busy, disk full, clock not set): mend the machine

A class per reaction, not per cause.
Each carries three facts: what happened, where, and what to do; programs print them as one line and exit with status 2.
"""

from runtime.visible import visible

_SPACES = str.maketrans({"\n": " ", "\r": " ", "\t": " "})


class LamplightError(Exception):
    """What happened, where, and what to do next, in words a technician can act on."""

    def __init__(self, what: str, *, where: str = "", do: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.do = do

    def __str__(self) -> str:
        """One line that a terminal only prints, whatever the parts held.

        >>> str(EnvironmentRefused("the port is busy", where="/dev/ttyUSB0", do="stop the other program"))
        'the port is busy (/dev/ttyUSB0): stop the other program'
        """
        where = f" ({self.where})" if self.where else ""
        do = f": {self.do}" if self.do else ""
        return visible(f"{self.what}{where}{do}".translate(_SPACES))


class SettingsError(LamplightError):
    """The settings file cannot be used; show the line and let a person edit it."""


class InputRefused(LamplightError):
    """What was handed in at a door (file, argument, form) is refused whole; nothing was kept of it."""


class EnvironmentRefused(LamplightError):
    """The machine cannot serve now; nothing was written, and the same call may succeed once it is mended."""
