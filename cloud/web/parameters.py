"""The bounded forms of every parameter, shared by all routes: what a store could choke on is refused at the door."""

from typing import Annotated, Final, TypeAlias

from fastapi import Path, Query

from cloud.kernel.ids import EventId
from wire.ids import GatewayId

MAX_LIMIT: Final = 200
_DEFAULT_LIMIT: Final = 50
_MAX_CURSOR: Final = 2**53 - 1  # what every JSON reader can hold
_MAX_PLACE: Final = 2**32
_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,31}$"
_OUTAGE: Final = r"^(?:[A-Za-z0-9][A-Za-z0-9_.:-]{0,31}-)?[0-9]{1,15}$"
_GATEWAY: Final = r"^[0-9A-HJKMNP-TV-Z]{8}$"

UsagePointPath: TypeAlias = Annotated[str, Path(pattern=_NAME, description="a usage point's name", examples=["UP-1"])]
UsagePointQuery: TypeAlias = Annotated[
    str | None, Query(pattern=_NAME, description="only of this usage point", examples=["UP-1"])
]
GatewayQuery: TypeAlias = Annotated[
    str | None, Query(pattern=_GATEWAY, description="only of this gateway", examples=["7Z0M4QDA"])
]
AfterNameQuery: TypeAlias = Annotated[
    str | None, Query(pattern=_NAME, description="begin behind this name: “next” of the answer before")
]
BeforeQuery: TypeAlias = Annotated[
    int | None, Query(ge=0, le=_MAX_CURSOR, description="only older ones: “next” of the answer before")
]
AfterQuery: TypeAlias = Annotated[
    int | None, Query(ge=0, le=_MAX_CURSOR, description="only newer ones, oldest first: “next” of the answer before")
]
Limit: TypeAlias = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="how many at most")]
DEFAULT_LIMIT: Final = _DEFAULT_LIMIT

GatewayPath: TypeAlias = Annotated[str, Path(pattern=_GATEWAY, description="a gateway's name", examples=["7Z0M4QDA"])]
GenPath: TypeAlias = Annotated[int, Path(ge=0, le=_MAX_PLACE, description="the generation of its chain")]
LanePath: TypeAlias = Annotated[int, Path(ge=0, le=2, description="0 alarms, 1 readings, 2 diagnostics")]
SeqPath: TypeAlias = Annotated[int, Path(ge=1, le=_MAX_PLACE, description="its number in the lane")]
OutagePath: TypeAlias = Annotated[
    str,
    Path(pattern=_OUTAGE, description="an outage's name or number", examples=["T-0101-1"]),
]
FeederQuery: TypeAlias = Annotated[str | None, Query(pattern=_NAME, description="only of this feeder")]
MessagePath: TypeAlias = Annotated[int, Path(ge=1, le=_MAX_CURSOR, description="a message's number")]


def event_id(gateway: GatewayPath, gen: GenPath, lane: LanePath, seq: SeqPath) -> EventId:
    """The event at this place of a chain; a dependency of the routes that show one."""
    return EventId(gateway=GatewayId(gateway), gen=gen, lane=lane, seq=seq)
