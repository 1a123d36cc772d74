"""What `serve` runs of this: the courier, where the settings name a receiver, and nothing where they do not."""

from collections.abc import Callable

from cloud.kernel.db import Database
from cloud.outward import address, signature, store
from cloud.outward.courier import Courier
from cloud.outward.post import Poster
from cloud.outward.settings import OutwardSettings
from runtime.clock import Clock


def courier(
    settings: OutwardSettings, database: Database, clock: Clock, on_commit: Callable[[], None]
) -> Courier | None:
    """The courier, or None where nothing leaves; then what was handed over before is forgotten, too.

    Whoever names a receiver again later gets what is new from then on. Raises: SettingsError, DatabaseError.
    """
    if not settings.is_on or settings.secret_file is None:
        with database.transaction() as connection:
            store.settle(connection, ())
        return None
    poster = Poster(
        address.parse(settings.url),
        signature.read_secrets(settings.secret_file),
        settings.timeout_s,
        settings.ca_file,
    )
    return Courier(database=database, clock=clock, poster=poster, settings=settings, on_commit=on_commit)
