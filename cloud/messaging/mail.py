"""A message as an e-mail: plain text, in its reader's language, and recognisable for ever.

The Message-ID is derived from what makes the message the same message, so that a mail sent twice is seen to be one,
and a mail whose answer was lost can be asked for by name.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Final

from cloud.customers.table import EMAIL_FORM
from cloud.kernel.i18n import Language
from runtime.errors import SettingsError

_SEVEN_BIT: Final = SMTP.clone(cte_type="7bit")  # every relay takes it, whatever it announces
_ID_CHARS: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """An e-mail ready to be sent; with an `opt_out_url` where its reader may say that it was the last of its kind."""

    message_id: str
    recipient: str
    name: str
    language: Language
    subject: str
    body: str
    written_at: datetime
    opt_out_url: str = ""


def sender_address(text: str) -> Address:
    """The sender of the settings, as in "Utility <no-reply@utility.example>"; raises SettingsError when it is none."""
    name, address = parseaddr(text)
    if not text.isascii() or not text.isprintable() or not EMAIL_FORM.fullmatch(address):
        do = "write it as in: Utility <no-reply@utility.example>"
        raise SettingsError(f"{text!r} is not a sender's address", where="mail.sender", do=do)
    return Address(display_name=name, addr_spec=address)


def message_id(key: str, domain: str) -> str:
    """The Message-ID of the message of this key: always the same one."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:_ID_CHARS]}@{domain}>"


def as_bytes(mail: Mail, sender: Address) -> bytes:
    """The mail as it goes over the wire, before dot-stuffing: CRLF line ends, nothing but ASCII."""
    message = EmailMessage(policy=_SEVEN_BIT)
    message["From"] = sender
    message["To"] = Address(display_name=mail.name, addr_spec=mail.recipient)
    message["Date"] = format_datetime(mail.written_at)
    message["Message-ID"] = mail.message_id
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday reply, please
    message.set_content(mail.body, charset="utf-8", cte="quoted-printable")
    message["Content-Language"] = mail.language.value  # after the content, which clears what is said of it
    if mail.opt_out_url.startswith("https://"):  # RFC 8058, 3.1: only over HTTPS may a mail program say no by itself
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    # The message class folds before an encoded word and leaves two spaces there, which readers see; this one does not.
    subject = Header(mail.subject, header_name="Subject").encode(linesep=_SEVEN_BIT.linesep)
    head = f"Subject: {subject}{_SEVEN_BIT.linesep}"
    if mail.opt_out_url:  # RFC 2369, 3.2; nor may a long address be folded or encoded
        head += f"List-Unsubscribe: <{mail.opt_out_url}>{_SEVEN_BIT.linesep}"
    return head.encode("ascii") + message.as_bytes()
