"""What things are called, so that one kind of name cannot pass for another.

An event's name is where it stands in its gateway's chain; it is unique for ever because the chain is. Names that
people give (usage points, meter serials) are short visible text: no spaces around, no control characters, no NUL,
because they are printed on labels, spoken on the telephone and put into addresses of pages.
"""

import re
from dataclasses import dataclass
from typing import Final, Self

from cloud.kernel.errors import IdentifierRefused
from wire.ids import GatewayId
from wire.terms import Lane

_NAME_FORM: Final = re.compile(r"[^\W_][\w.:-]{0,31}", re.ASCII)  # 32: what a record's subject can hold
_LANE_FORM: Final = re.compile(r"([^/]+)/(\d{1,19})/(\d{1,2})", re.ASCII)
_EVENT_FORM: Final = re.compile(r"([^/]+)/(\d{1,19})/(\d{1,2})/(\d{1,19})", re.ASCII)


class _Name(str):
    """A short visible text that names one kind of thing."""

    __slots__ = ()
    _thing = "a name"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises IdentifierRefused unless `text` is 1 to 32 letters, digits and `. : _ -`, a letter or digit first."""
        if not _NAME_FORM.fullmatch(text):
            raise IdentifierRefused(
                f"{text[:80]!r} cannot be {cls._thing}", do="use up to 32 letters, digits and . : _ -, nothing else"
            )
        return cls(text)


class UsagePointId(_Name):
    """The place where energy is used: what a customer's contract is about.

    >>> UsagePointId.parse("UP-1")
    'UP-1'
    """

    __slots__ = ()
    _thing = "a usage point"


class MeterSerial(_Name):
    """A meter's serial number as printed on its front."""

    __slots__ = ()
    _thing = "a meter's serial number"


class CustomerId(_Name):
    """The utility's own name for a customer."""

    __slots__ = ()
    _thing = "a customer"


class DeviceId(_Name):
    """The utility's own name for a device of its grid: a feeder's head, a switch, a fuse, a transformer."""

    __slots__ = ()
    _thing = "a device of the grid"


class AccountId(_Name):
    """The utility's own name for who pays: an account gathers the contracts of one customer."""

    __slots__ = ()
    _thing = "an account"


class ContractId(_Name):
    """The utility's own name for a tariff agreed on at one usage point."""

    __slots__ = ()
    _thing = "a contract"


class BillId(_Name):
    """The utility's own name for a bill it sent."""

    __slots__ = ()
    _thing = "a bill"


class PaymentId(_Name):
    """The utility's own name for money it was paid."""

    __slots__ = ()
    _thing = "a payment"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class EventId:
    """Where an event stands in its gateway's chain.

    >>> str(EventId.parse("7Z0M4QDA/1/0/12"))
    '7Z0M4QDA/1/0/12'
    """

    gateway: GatewayId
    gen: int
    lane: int
    seq: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the form `str` gives; raises IdentifierRefused for anything else."""
        form = _EVENT_FORM.fullmatch(text)
        try:
            if form is None:
                raise ValueError(text)
            gateway = GatewayId.parse(form[1])
        except ValueError as error:
            raise IdentifierRefused(
                f"{text[:80]!r} is not an event", do="write gateway/generation/lane/number"
            ) from error
        return cls(gateway=gateway, gen=int(form[2]), lane=int(form[3]), seq=int(form[4]))

    def __str__(self) -> str:
        return f"{self.gateway}/{self.gen}/{self.lane}/{self.seq}"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class LaneId:
    """One chain: a lane of a gateway in one generation.

    >>> str(LaneId.parse("7Z0M4QDA/1/0"))
    '7Z0M4QDA/1/0'
    """

    gateway: GatewayId
    gen: int
    lane: Lane

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the form `str` gives; raises IdentifierRefused for anything else."""
        form = _LANE_FORM.fullmatch(text)
        try:
            if form is None:
                raise ValueError(text)
            return cls(gateway=GatewayId.parse(form[1]), gen=int(form[2]), lane=Lane(int(form[3])))
        except ValueError as error:
            do = "write gateway/generation/lane, as `alarm list` does"
            raise IdentifierRefused(f"{text[:80]!r} is not a lane", do=do) from error

    def __str__(self) -> str:
        return f"{self.gateway}/{self.gen}/{int(self.lane)}"

    def place(self, seq: int) -> EventId:
        """The event of this number."""
        return EventId(gateway=self.gateway, gen=self.gen, lane=int(self.lane), seq=seq)
