"""The composition root: the one place where the cloud's parts are made and joined.

    gateways -> broker -> ingest thread -> intake --commit--> bell: page and loop look again
    loop thread:    due tasks -> readings, outages, usage -> messages to send, timers --commit--> all look again
    bills thread:   due tasks -> bills, which take long and may wait -> messages to send
    postman thread: messages to send -> mail relay
    certificates:   the broker's own and ingest's, where these open the broker
    outward thread: accepted events -> another system of the utility's, where one is named
    main thread:    uvicorn with the page and the API

Everything the threads know lies in the database, so a cloud that was killed goes on where it stopped.
"""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

import uvicorn

from cloud.assistance import programme_file
from cloud.assistance.service import AssistanceService
from cloud.billing.service import BillService
from cloud.broker.tender import Tender
from cloud.config import CloudSettings
from cloud.edge import service as edge
from cloud.edge.service import Dispatch
from cloud.ingest.alarm_desk import AlarmDesk
from cloud.ingest.consumer import Certified, Consumer
from cloud.ingest.lane_watch import LaneWatch
from cloud.ingest.news import EVENT_TASK, tell
from cloud.ingest.service import Intake
from cloud.kernel.access import Access, read_token
from cloud.kernel.bell import Bell
from cloud.kernel.certificates import check_authority, check_pair
from cloud.kernel.db import Database
from cloud.kernel.loop import Loop, Worker
from cloud.messaging.catalogue import Catalogue
from cloud.messaging.lookup import HttpLookup
from cloud.messaging.mail import sender_address
from cloud.messaging.postman import Postman
from cloud.messaging.service import Composer
from cloud.messaging.smtp import SmtpSender
from cloud.outages.area_service import AreaService, look_again
from cloud.outages.service import OutageService
from cloud.outward.service import courier as courier_of
from cloud.readings import service as readings
from cloud.state import StateFolder
from cloud.usage.service import UsageService
from cloud.web.app import create_app
from cloud.web.crowd import BACKLOG, Connection
from cloud.web.links import CustomerLinks
from cloud.web.services import Services
from runtime import logs
from runtime.clock import Clock, check_clock_is_set
from runtime.errors import EnvironmentRefused
from runtime.program import stop_on_signals

_JOIN_TIMEOUT_S: Final = 10.0
_LAST_ANSWERS_S: Final = 3

log = logs.get(__name__)


def serve(folder: StateFolder, clock: Clock, announce: Callable[[str], None]) -> None:
    """Run the cloud until told to stop; `announce` is called with the page's address once it answers.

    Raises: SettingsError, EnvironmentRefused, both before anything has begun.
    """
    stopped = threading.Event()
    stop_on_signals(stopped.set)
    settings = folder.settings()
    logs.configure(settings.log.level)
    check_clock_is_set(clock)
    check_pair(settings.web.certificate_file, settings.web.key_file, "web.certificate_file, web.key_file")
    check_authority(settings.mqtt.tls_ca_file, "mqtt.tls_ca_file")
    with folder.claim(), _listen(settings.web.listen, settings.web.port) as door:
        database = folder.open_database()
        try:
            cloud = build(folder, settings, database, clock)
            cloud.run(door, stopped, announce)
        finally:
            database.close()


class _Runs(Protocol):
    """What a thread is around."""

    def run(self, stop: threading.Event) -> None: ...

    def wake(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """The joined parts, not yet begun."""

    settings: CloudSettings
    services: Services
    workers: tuple[Worker, ...]

    def run(self, door: socket.socket, stopped: threading.Event, announce: Callable[[str], None]) -> None:
        """Start the threads, serve the page, and end all of it when a signal comes."""
        server = _Server(self, door, stopped, announce)
        for worker in self.workers:
            worker.start()
        try:
            server.run(sockets=[door])
        finally:
            for worker in self.workers:
                worker.stop()
            stuck = [worker.name for worker in self.workers if not worker.join(_JOIN_TIMEOUT_S)]
            log.info("cloud_stopped", stuck=",".join(stuck) or "-")


def build(folder: StateFolder, settings: CloudSettings, database: Database, clock: Clock) -> Cloud:
    """Make every part and join them."""
    bell = Bell()
    woken: list[Callable[[], None]] = [bell.ring]
    on_commit = partial(_wake, woken)
    links = folder.customer_links()
    composer = _composer(settings, links)
    outages = OutageService(settings.outages, composer, look_again(settings.outages))
    areas = AreaService(settings.outages, outages)
    usage = UsageService(composer)
    bills = _bills(folder, settings, composer)
    courier = courier_of(settings.outward, database, clock, on_commit)
    watch = LaneWatch(settings.ingest)
    subscribers = [watch.on_event, readings.on_event, outages.on_event, areas.on_event, usage.on_event, bills.on_event]
    heard = tell([*subscribers, edge.on_event, *([] if courier is None else [courier.on_event])])
    handlers = {EVENT_TASK: heard, **watch.handlers(), **outages.handlers(), **areas.handlers()}
    loop = Loop(database=database, clock=clock, handlers=handlers, on_commit=on_commit)
    slow_loop = Loop(database=database, clock=clock, handlers=bills.handlers(), on_commit=on_commit)
    postman = _postman(settings, database, clock, on_commit)
    woken += [loop.wake, slow_loop.wake, postman.wake, *([] if courier is None else [courier.wake])]
    # What came in is a task for the loop alone; whom it concerns after that is woken by the loop.
    intake = folder.intake(database, clock, partial(_wake, (bell.ring, loop.wake)))
    consumer, tenders = _way_in(folder, settings, database, intake, clock)
    done: dict[str, _Runs] = {"loop": loop, "bills": slow_loop, "postman": postman, "ingest": consumer}
    done |= {} if courier is None else {"outward": courier}
    own = (Worker(name, each.run, clock=clock, wake=each.wake) for name, each in done.items())
    workers = (*tenders, *own)

    def parts() -> Mapping[str, bool]:
        return {worker.name: worker.is_alive for worker in workers} | {"broker": consumer.is_connected}

    services = Services(
        database=database,
        clock=clock,
        access=_access(folder, settings),
        links=links,
        bell=bell,
        settings=settings.web,
        close_case=areas.close,
        parts=parts,
        on_commit=on_commit,
        alarms=AlarmDesk(intake.batch),
    )
    return Cloud(settings=settings, services=services, workers=workers)


def _wake(those: Iterable[Callable[[], None]]) -> None:
    for wake in those:
        wake()


def _access(folder: StateFolder, settings: CloudSettings) -> Access:
    token = read_token(folder.access_token)
    return Access(token=token, host_names=settings.web.host_names, is_open=settings.web.open_to_all)


def _way_in(
    folder: StateFolder, settings: CloudSettings, database: Database, intake: Intake, clock: Clock
) -> tuple[Consumer, tuple[Worker, ...]]:
    """Ingest's connection; where certificates open the broker, with who answers requests for them and tends our own."""
    due, mqtt, password = Dispatch(database, clock).due, settings.mqtt, folder.broker.read_ingest_password()
    certifier = folder.certifier(settings, clock)
    if certifier is None:
        return Consumer(settings=mqtt, password=password, intake=intake, clock=clock, due=due), ()
    from cloud.ingest.certificate_desk import CertificateDesk  # it needs X.509, which is slow to load

    desk = CertificateDesk(intake=intake, database=database, clock=clock, certifier=certifier)
    certified = Certified(authority=mqtt.tls_ca_file or folder.authority.certificate, own=folder.authority.ingest)
    consumer = Consumer(settings=mqtt, password=password, intake=desk, clock=clock, certified=certified, due=due)
    tender = Tender(tend=partial(certifier.tend, mqtt.host), broker=folder.broker, clock=clock)
    return consumer, (Worker("certificates", tender.run, clock=clock, wake=tender.wake),)


def _composer(settings: CloudSettings, links: CustomerLinks) -> Composer:
    way_out = links.way_out(settings.web.public_url)
    return Composer(Catalogue.load(), sender_address(settings.mail.sender).domain, way_out)


def _bills(folder: StateFolder, settings: CloudSettings, composer: Composer) -> BillService:
    """What explains bills, and who offers help after it; raises InputRefused for programmes that cannot be read."""
    own = settings.assistance.programmes or (folder.programmes if folder.programmes.is_dir() else None)
    assistance = AssistanceService(settings.assistance, programme_file.load(own), composer)
    return BillService(settings.billing, folder.tariffs, composer, assistance.after_explained_bill)


def _postman(settings: CloudSettings, database: Database, clock: Clock, on_commit: Callable[[], None]) -> Postman:
    mail = settings.mail
    return Postman(
        database=database,
        clock=clock,
        sender=SmtpSender(mail),
        lookup=HttpLookup(mail.reconcile_url, mail.timeout_s) if mail.reconcile_url else None,
        settings=mail,
        on_commit=on_commit,
    )


class _Server(uvicorn.Server):
    """uvicorn that says when it is ready, and lets open streams go when it is told to stop."""

    def __init__(
        self, cloud: Cloud, door: socket.socket, stopped: threading.Event, announce: Callable[[str], None]
    ) -> None:
        web = cloud.settings.web
        super().__init__(
            uvicorn.Config(
                create_app(cloud.services),
                http=Connection,
                backlog=BACKLOG,
                log_config=None,
                access_log=False,
                server_header=False,
                ws="none",
                timeout_graceful_shutdown=_LAST_ANSWERS_S,
                ssl_certfile=web.certificate_file,
                ssl_keyfile=web.key_file,
            )
        )
        scheme = "https" if web.certificate_file else "http"
        self._address = f"{scheme}://{web.listen}:{door.getsockname()[1]}"
        self._announce = announce
        self._bell = cloud.services.bell
        self._stopped = stopped

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce(self._address)
        self.should_exit = self.should_exit or self._stopped.is_set()  # a signal that came before uvicorn listened

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._bell.close()
        await asyncio.sleep(0)  # streams end before their connections are looked at
        await super().shutdown(sockets)


def _listen(host: str, port: int) -> socket.socket:
    """A socket that nobody else listens on; raises EnvironmentRefused."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with ExitStack() as refused:
            door = refused.enter_context(socket.socket(family, kind))
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind(address)
            refused.pop_all()
    except (OSError, UnicodeError) as error:  # UnicodeError: what can be no host name
        what = f"the page cannot listen: {getattr(error, 'strerror', None) or error}"
        do = "stop the program that uses the port, or choose another one under [web] in cloud.toml"
        raise EnvironmentRefused(what, where=f"{host}:{port}", do=do) from error
    return door
