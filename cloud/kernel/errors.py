"""What can go wrong under every feature of the cloud, sorted by what the catcher does about it.

    LamplightError                      (runtime.errors: what, where, do)
    ├── EnvironmentRefused              the machine does not let us work: one line, exit status 2
    │   └── DatabaseError
    │       ├── DatabaseBusy            another writer held the database too long: try again
    │       ├── StorageFull             no room left: acknowledge nothing, try again when there is room
    │       └── DatabaseUnusable        read-only, damaged, or not ours: a person must look
    └── InputRefused
        └── IdentifierRefused           a text that cannot name anything: tell whoever wrote it

A running cloud meets the first two by waiting: what is not committed is not receipted, so gateways send it again.
At start all of them end the program with their one line.
"""

from runtime.errors import EnvironmentRefused, InputRefused


class DatabaseError(EnvironmentRefused):
    """The database did not do what was asked; nothing of the transaction stands."""


class DatabaseBusy(DatabaseError):
    """Another writer held the database longer than we wait; the same call may succeed now."""


class StorageFull(DatabaseError):
    """The disk or its quota is full; nothing was written, and writing works again once there is room."""


class DatabaseUnusable(DatabaseError):
    """The file cannot be read, cannot be written, is damaged, or belongs to something else."""


class IdentifierRefused(InputRefused):
    """A text given as an identifier that no identifier can look like."""
