"""Asking over HTTP whether a mail arrived, by its Message-ID.

GET {url}/messages/by-id/{Message-ID}, angle brackets included, answers 200 or 404; anything else is no answer.
"""

import http.client
import urllib.error
import urllib.parse
import urllib.request
from http import HTTPStatus

from cloud.messaging.ports import Presence, Unavailable
from runtime.errors import SettingsError


class HttpLookup:
    """Asks the service at `url`, directly: a question about a customer's mail goes through no proxy."""

    def __init__(self, url: str, timeout_s: float) -> None:
        """Raises SettingsError when `url` is none we can ask."""
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise SettingsError(
                f"{url!r} cannot be asked", where="mail.reconcile_url", do="write it as in http://127.0.0.1:18026"
            )
        self._url = url.rstrip("/")
        self._timeout_s = timeout_s
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def find(self, message_id: str) -> Presence | Unavailable:
        """See `DeliveryLookup.find`."""
        url = f"{self._url}/messages/by-id/{urllib.parse.quote(message_id, safe='')}"
        try:
            with self._opener.open(url, timeout=self._timeout_s) as response:
                status = response.status
        except urllib.error.HTTPError as error:
            status = error.code
            error.close()
        except (OSError, http.client.HTTPException) as error:
            return Unavailable(reason=f"nobody could be asked: {error}")
        match status:
            case HTTPStatus.OK:
                return Presence.FOUND
            case HTTPStatus.NOT_FOUND:
                return Presence.ABSENT
            case _:
                return Unavailable(reason=f"asked, and answered {status}")
