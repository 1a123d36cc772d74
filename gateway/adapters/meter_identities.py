"""Who this gateway is to each of its meters: a title, its secrets, their counters, and keys it is to exchange."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from gateway.adapters.dlms_security import Identity, title_for_meter
from gateway.adapters.key_renewal import Renewal
from gateway.adapters.meter_keys import CounterBook, MeterKeys
from gateway.core.meter_access import Authentication, MeterSecrets
from gateway.core.meter_profile import MeterProfile
from gateway.core.registered_meter import RegisteredMeter
from runtime.secret import Secret
from wire.keys import PublicKey


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterIdentity:
    """Who we are to one meter, and who we become once it has taken new keys."""

    now: Identity
    renewal: Renewal | None


def identities(
    keys: MeterKeys,
    counters: CounterBook,
    first: PublicKey,
    meters: Sequence[tuple[RegisteredMeter, MeterProfile]],
) -> dict[int, MeterIdentity]:
    """By the meter's number; raises InputRefused where its secrets are not what its profile takes.

    Our title is made of the `first` key, which we are named by: the counters at the meter go with it.
    """
    found = {}
    for meter, profile in meters:
        secrets = keys.of(meter.number)
        wanted = profile.access.authentication if meter.port else Authentication.NONE
        may_be_sealed = bool(meter.push) or profile.tells_itself
        secrets.check(wanted, f"meter {meter.number}, {profile.name}", pushes=may_be_sealed)
        secrets = secrets.for_asking(wanted) if meter.push and not profile.tells_itself else secrets
        title = title_for_meter(first.key_id, meter.number)
        renewal = _renewal(keys, counters, title, meter.number) if wanted is Authentication.HLS_GMAC else None
        found[meter.number] = MeterIdentity(now=_identity(counters, title, secrets), renewal=renewal)
    return found


def _renewal(keys: MeterKeys, counters: CounterBook, title: bytes, number: int) -> Renewal | None:
    exchange = keys.exchange_of(number)
    if exchange is None:
        return None
    identity = _identity(counters, title, exchange.secrets)
    return Renewal(exchange=exchange, identity=identity, taken=partial(keys.complete, number))


def _identity(counters: CounterBook, title: bytes, secrets: MeterSecrets) -> Identity:
    counter = counters.counter(title, secrets.key or Secret(b""))
    return Identity(title=title, secrets=secrets, counter=counter)
