"""A file from the utility with a meter's password or keys, sealed to this gateway (`wire.key_delivery`).

Opened here, once, into what is kept sealed at rest. Every refusal says what is the matter and shows nothing of what is
in it: not signed by our cloud, for another gateway or another meter, too late, or not a delivery at all.
"""

from datetime import datetime
from pathlib import Path

from gateway.core.meter_access import KeyExchange, MeterSecrets
from runtime.errors import InputRefused
from runtime.reading import read_at_most
from runtime.secret import KEY_BYTES, Secret
from wire.ids import GatewayId
from wire.instants import unix_ms
from wire.key_delivery import DeliveredSecrets, KeyDelivery, open_delivery
from wire.keys import PublicKey, SoftwareSigner
from wire.refusals import Reason, WireRefused

_MAX_FILE_BYTES = 10_000
_WRAPPED_BYTES = KEY_BYTES + 8
_DO = "ask the utility to seal the keys for this gateway and this meter: lamplight-cloud meter-keys"
_WORDS = {
    Reason.UNKNOWN_KEY: "another cloud than ours signed it",
    Reason.BAD_SIGNATURE: "its signature does not hold: it was changed on the way",
    Reason.NOT_AN_ENVELOPE: "this is no delivery of keys",
}


def read_delivery(
    path: Path, *, cloud: PublicKey, gateway: GatewayId, signer: SoftwareSigner, meter: str, now: datetime
) -> tuple[int, MeterSecrets | KeyExchange]:
    """The delivery's number, and the secrets in it or the exchange it asks for; raises InputRefused.

    Args:
        meter: the serial number of the meter they must be for.
    """
    where = str(path)
    try:
        delivery, delivered = open_delivery(read_at_most(path, _MAX_FILE_BYTES), cloud, gateway, signer)
    except OSError as error:
        raise InputRefused(f"cannot read the delivery: {error.strerror}", where=where) from error
    except WireRefused as refused:
        what = _WORDS.get(refused.reason, refused.detail or str(refused.reason))
        raise InputRefused(f"the delivery is not taken: {what}", where=where, do=_DO) from None
    except ValueError as error:
        raise InputRefused(f"the delivery is not taken: {error}", where=where, do=_DO) from None
    _check(delivery, meter, now, where)
    return delivery.number, _content(delivered, where)


def _check(delivery: KeyDelivery, meter: str, now: datetime, where: str) -> None:
    if delivery.meter != meter:
        told = f"meter {meter}" if meter else "a meter that was not read yet"
        raise InputRefused(f"these keys are for meter {delivery.meter!r}, not for {told}", where=where, do=_DO)
    if unix_ms(now) > delivery.until_ms:
        raise InputRefused("the delivery came too late: it is no longer to be used", where=where, do=_DO)


def _content(delivered: DeliveredSecrets, where: str) -> MeterSecrets | KeyExchange:
    sizes = {"key": KEY_BYTES, "auth_key": KEY_BYTES, "wrapped_key": _WRAPPED_BYTES, "wrapped_auth_key": _WRAPPED_BYTES}
    found: dict[str, Secret] = {}
    for name, size in sizes.items():
        octets = getattr(delivered, name)
        if octets is not None and len(octets) != size:
            raise InputRefused(f"a key in it has {len(octets)} octets, not {size}", where=where, do=_DO)
        if octets is not None:
            found[name] = Secret(octets)
    wrapped = {name for name in found if name.startswith("wrapped")}
    if not wrapped:
        password = None if delivered.password is None else Secret(delivered.password)
        return MeterSecrets(password=password, key=found.get("key"), auth_key=found.get("auth_key"))
    if len(found) != len(sizes) or delivered.password is not None:
        raise InputRefused("new keys are exchanged both, each with its wrapped form", where=where, do=_DO)
    return KeyExchange(**found)
