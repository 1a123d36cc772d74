"""Says once that something is gone, and once that it is back: a broker away for a week is two lines in the log."""

from runtime.logs import Log


class Presence:
    """One thing that comes and goes: a port, a broker, a disk. `facts` stand in both lines.

    What is `expected` to be there is news only when it is gone.
    """

    def __init__(self, log: Log, what: str, *, expected: bool = False, **facts: object) -> None:
        self._log = log
        self._what = what
        self._facts = facts
        self._is_here: bool | None = True if expected else None

    @property
    def is_here(self) -> bool:
        """Whether it was there when last seen."""
        return self._is_here is True

    def here(self, **facts: object) -> None:
        """It is there; said when it was not, or for the first time."""
        if self._is_here is not True:
            self._log.info(f"{self._what}_here", **self._facts, **facts)
        self._is_here = True

    def gone(self, **facts: object) -> None:
        """It is not there; said when it was, or for the first time."""
        if self._is_here is not False:
            self._log.warning(f"{self._what}_gone", **self._facts, **facts)
        self._is_here = False
