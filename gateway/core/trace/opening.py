"""What passes ciphered, opened with both keys for whoever looks on; what does not open gives None.

Without both keys nothing is shown: of what no tag vouches for, a trace would show noise as if the meter had said it.
"""

from collections.abc import Callable

from gateway.core.dlms.ciphered import wrap
from gateway.core.dlms.push.keys import PushKeys
from gateway.core.dlms.push.pushed import Protection
from gateway.core.dlms.push.sealed import unseal
from gateway.core.errors import CaptureRefused, Undecodable
from runtime.secret import Secret


def opener(key: Secret, auth_key: Secret) -> Callable[[bytes, bytes], bytes | None]:
    """What opens protected octets of a system title; None for what does not open."""
    keys = PushKeys(key=key, auth_key=auth_key)

    def opened(title: bytes, octets: bytes) -> bytes | None:
        try:
            inside = unseal(wrap(title, octets), keys, _is_anything)
        except (CaptureRefused, Undecodable):
            return None
        return inside.apdu if inside.protection is Protection.CHECKED else None

    return opened


def _is_anything(_apdu: bytes) -> bool:
    """The tag alone says whether the keys are right."""
    return True
