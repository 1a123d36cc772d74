"""The mail relay, over one connection that is kept while it is used.

What a send came to hangs on one line of the dialogue. Until the relay has asked for the text (354), nothing was handed
over: whatever breaks, the mail is simply not sent. From the first byte of the text to the relay's answer the mail may
have been taken, so whatever breaks there ends as Unknown. Only an answer is an answer.

A refusal of us (greeting, encryption, log-in, sender) is a fault of the settings that would strike every mail alike:
it counts as Unavailable, so that nothing is lost while somebody mends it. A refusal of the recipient or of the text is
about this mail alone.
"""

import contextlib
import re
import smtplib
import ssl
from pathlib import Path
from typing import Final

from cloud.messaging.mail import Mail, as_bytes, sender_address
from cloud.messaging.ports import Delivered, Ending, Refused, Unavailable, Unknown
from cloud.messaging.settings import MailSettings
from runtime.errors import SettingsError
from runtime.loopback import is_loopback
from runtime.reading import read_secret

_GO_AHEAD: Final = 354
_NO: Final = (4, 5)  # RFC 5321, 4.2.1: the first digit says yes (2), go on (3), not now (4), never (5)
_LEADING_DOT: Final = re.compile(rb"^\.", re.MULTILINE)
_MAX_ANSWER_CHARS: Final = 200
_BROKEN: Final = (OSError, smtplib.SMTPException)  # time-outs and TLS failures are OSErrors


class SmtpSender:
    """Sends mails to the relay of the settings; used by one thread."""

    def __init__(self, settings: MailSettings) -> None:
        """Raises SettingsError when the settings would send mail, or a password, in the clear over a network."""
        check(settings)
        self._settings = settings
        self._sender = sender_address(settings.sender)
        self._password = _password(settings.password_file)
        self._relay: smtplib.SMTP | None = None

    def send(self, mail: Mail) -> Ending:
        """See `MailSender.send`."""
        text = _LEADING_DOT.sub(b"..", as_bytes(mail, self._sender)) + b".\r\n"
        try:
            relay = self._relay = self._kept() or self._connect()
        except _BROKEN as error:
            self.close()
            return Unavailable(reason=_words("the relay cannot be reached", error))
        ending = self._converse(relay, mail.recipient, text)
        if not isinstance(ending, Delivered):
            self.close()  # whatever state the dialogue is in, the next mail begins a new one
        return ending

    def close(self) -> None:
        """Let the connection go, without waiting for the relay."""
        if self._relay is not None:
            self._relay.close()
        self._relay = None

    def _converse(self, relay: smtplib.SMTP, recipient: str, text: bytes) -> Ending:
        """The dialogue about one mail, up to the relay's go-ahead."""
        try:
            code, answer = relay.mail(self._sender.addr_spec)
            if not _is_yes(code):
                return Unavailable(reason=f"the relay does not take our sender: {_shown(code, answer)}")
            code, answer = relay.rcpt(recipient)
            if not _is_yes(code):
                return _no(code, answer)
            code, answer = relay.docmd("DATA")
            if code != _GO_AHEAD:
                return _no(code, answer)
        except _BROKEN as error:
            return Unavailable(reason=_words("the relay went away before the mail was handed over", error))
        return _hand_over(relay, text)

    def _kept(self) -> smtplib.SMTP | None:
        """The connection of the mail before, if the relay still listens on it."""
        if self._relay is not None:
            with contextlib.suppress(*_BROKEN):
                if _is_yes(self._relay.noop()[0]):
                    return self._relay
            self.close()
        return None

    def _connect(self) -> smtplib.SMTP:
        settings = self._settings
        # Our name is the sender's domain: asking DNS for a better one can take longer than the mail.
        name = self._sender.domain
        if settings.security == "tls":
            relay: smtplib.SMTP = smtplib.SMTP_SSL(
                settings.host, settings.port, name, timeout=settings.timeout_s, context=_trust(settings.ca_file)
            )
        else:
            relay = smtplib.SMTP(settings.host, settings.port, name, timeout=settings.timeout_s)
        try:
            if settings.security == "starttls":
                relay.starttls(context=_trust(settings.ca_file))
            relay.ehlo_or_helo_if_needed()
            if settings.username:
                relay.login(settings.username, self._password)
        except _BROKEN:
            relay.close()
            raise
        return relay


def _hand_over(relay: smtplib.SMTP, text: bytes) -> Ending:
    """From the first byte of the text to the answer, which alone says what became of it."""
    try:
        relay.send(text)
        code, answer = relay.getreply()
    except _BROKEN as error:
        return Unknown(reason=_words("the relay's answer was lost", error))
    if _is_yes(code):
        return Delivered(answer=_shown(code, answer))
    if code // 100 not in _NO:
        return Unknown(reason=f"the relay's answer cannot be read: {_shown(code, answer)}")
    return _no(code, answer)


def check(settings: MailSettings) -> None:
    """Raises SettingsError for settings no mail may be sent with."""
    if settings.security == "none" and not is_loopback(settings.host):
        raise SettingsError(
            f"mail to {settings.host} would travel in the clear", where="mail.security", do="set it to starttls or tls"
        )
    if settings.username and settings.password_file is None:
        raise SettingsError("there is a username and no password", where="mail.password_file", do="name its file")
    if settings.ca_file is not None:
        _trust(settings.ca_file)
    sender_address(settings.sender)


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"the certificates cannot be read: {error}", where=str(ca_file)) from error


def _password(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return read_secret(path).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError("the mail password cannot be read", where=str(path)) from error


def _is_yes(code: int) -> bool:
    return code // 100 == 2


def _no(code: int, answer: bytes) -> Ending:
    """Any other answer than yes: 5 is for good, all else for now."""
    shown = _shown(code, answer)
    return Refused(answer=shown) if code // 100 == 5 else Unavailable(reason=shown)


def _shown(code: int, answer: bytes) -> str:
    return _printable(f"{code} {answer.decode('utf-8', 'replace')}")


def _words(what: str, error: BaseException) -> str:
    return _printable(f"{what}: {error or type(error).__name__}")


def _printable(text: str) -> str:
    return "".join(char for char in " ".join(text.split()) if char.isprintable())[:_MAX_ANSWER_CHARS]
