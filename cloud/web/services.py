"""What the page needs of the running cloud, in one value that the composition root fills in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Protocol, TypeAlias

from fastapi import Depends
from sqlalchemy import Connection
from starlette.requests import HTTPConnection

from cloud.ingest.alarm_desk import AlarmDesk
from cloud.kernel.access import Access
from cloud.kernel.bell import Bell
from cloud.kernel.db import Database
from cloud.kernel.ids import UsagePointId
from cloud.web.links import CustomerLinks
from cloud.web.settings import WebSettings
from runtime.clock import Clock


def _no_parts() -> Mapping[str, bool]:
    return {}


def _nothing() -> None:
    return None


class CloseCase(Protocol):
    """Closes a home's case on a person's word; see `OutageService.close_by_operator`."""

    def __call__(self, connection: Connection, usage_point: UsagePointId, who: str, reason: str, now: datetime) -> None:
        """Raises NoOpenCase, CloseRefused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The database to read, the clock to tell ages by, who may look, and the bell that says to look again.

    `access` is for who may see everything; `links` for a customer, who sees her own home.

    `parts` tells whether each part of the running cloud is alive, for /healthz. `on_commit` is called after a person's
    decision was committed, so that whoever acts on it wakes up.
    """

    database: Database
    clock: Clock
    access: Access
    links: CustomerLinks
    bell: Bell
    settings: WebSettings
    close_case: CloseCase
    alarms: AlarmDesk
    parts: Callable[[], Mapping[str, bool]] = _no_parts
    on_commit: Callable[[], None] = _nothing


async def _services_of(connection: HTTPConnection) -> Services:
    services = connection.app.state.services
    assert isinstance(services, Services), "create_app puts them there"
    return services


Served: TypeAlias = Annotated[Services, Depends(_services_of)]
"""A handler's parameter through which it reaches the services."""
