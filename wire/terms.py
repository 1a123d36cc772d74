"""The terms in which events are said: the enumerations with their numbers, and the bounds of the common quantities.

A number is never used again for something else. What each event is made of stands in `wire.events`.
"""

from enum import IntEnum

from wire.fields import Whole

INSTANT_MS = Whole(0, 2**47)  # Unix milliseconds, UTC; to the year 6429
DURATION_MS = Whole(0, 2**40)
MILLIVOLTS = Whole(0, 2**31)
COUNT = Whole(0, 2**32)
SEQ = Whole(1, 2**32)  # numbers of events in their lane
ENERGY_WH = Whole(0, 2**48)


class Lane(IntEnum):
    """A lane has its own chain, so that a month of readings never delays an alarm."""

    ALARM = 0
    READINGS = 1
    DIAGNOSTICS = 2


class Cause(IntEnum):
    """What a gateway holds to be the cause of an interruption at its usage point."""

    CANNOT_TELL = 0
    SUPPLY_INTERRUPTED = 1
    GATEWAY_UNPLUGGED = 2
    HEAD_OFF = 3
    WAN_FAULT = 4
    PHASE_LOST = 5
    SWITCHED_OFF = 6
    OWN_BREAKER = 7


class Stage(IntEnum):
    """How far a verdict has come."""

    PROVISIONAL = 1
    CONFIRMED = 2
    WITHDRAWN = 3


class Grade(IntEnum):
    """How strong the evidence is, all taken together."""

    NONE = 0
    WEAK = 1
    FAIR = 2
    STRONG = 3


class EvidenceKind(IntEnum):
    """What was looked at; the unit of its value stands behind it."""

    SUPPLY_SENSE = 1  # 0 lost, 1 present
    INPUT_VOLTAGE = 2  # mV at the gateway's 5 V input
    METER_ANSWERS = 3  # 0 silent, 1 answers; proves nothing about the street by itself
    METER_VOLTAGE = 4  # mV, lowest phase, read by the meter now
    POWER_FAILURES = 5  # increase of the meter's own counter since before
    DISCONNECTOR = 6  # a Disconnector
    METER_LINK = 7  # a LinkFault, 0 for none
    METER_LOAD = 8  # 0 nothing is drawn through the meter, 1 something is; how much is nobody's business here
    UPLINK = 9  # 0 away, 1 there
    METER_LAST_GASP = 10  # 1: the meter said of itself that it was losing its supply, in a push that proves its sender


class Disconnector(IntEnum):
    """The meter's supply switch: COSEM class 70 control state, 0 where the meter has none or did not say."""

    UNKNOWN = 0
    CLOSED = 1
    OPEN = 2
    READY = 3


class LinkFault(IntEnum):
    """Why a meter could not be read."""

    SILENT = 1
    GARBLED = 2
    REFUSED = 3
    PORT_GONE = 4


class ReadingSource(IntEnum):
    """How registers came to the gateway, where it did not ask for them."""

    PUSHED = 1  # the meter said them unasked, and proved that it did
    UNAUTHENTICATED = 2  # pushed, and anybody may have said so; nothing of supply stands among them


class UseKind(IntEnum):
    """In which way a home's use is unusual; each is noticed by a channel of its own."""

    SPIKE = 1  # one hour far above any before it
    SUSTAINED = 2  # whole days above what is usual
    BASE_LOAD = 3  # the quiet hours above what is usual
    ZERO = 4  # nothing at all, for longer than ever, though the meter is read


class UseStage(IntEnum):
    """Whether something unusual was noticed, or is over."""

    RAISED = 1
    ENDED = 2


class DropReason(IntEnum):
    """Why a gateway gave up events that the cloud has not got."""

    FULL = 1  # there was no room for newer ones
    TOO_LARGE = 2  # the broker takes no message of this size
    MISSING = 3  # they are gone from the journal, and nobody here dropped them
    WITHHELD = 4  # the customer no longer consents to readings so fine


class JournalLoss(IntEnum):
    """How a journal was lost."""

    MISSING = 1
    DAMAGED = 2  # it lies set aside, beside the new one


class SetAsideReason(IntEnum):
    """Why an event could not be sent."""

    TOO_LARGE = 1
    CANNOT_BE_SAID = 2  # a value is out of the contract's bounds


class CommandOutcome(IntEnum):
    """What became of a command."""

    DONE = 1
    REFUSED = 2
    FAILED = 3


class VoltageLimit(IntEnum):
    """Which end of its band a voltage left."""

    LOW = 1
    HIGH = 2
