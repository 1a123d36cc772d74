"""The sender against a real SMTP server that misbehaves: every fault ends as one of four ends, and the right one."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import cast

import pytest

from cloud.kernel.i18n import Language
from cloud.messaging.mail import Mail, message_id
from cloud.messaging.ports import Delivered, Ending, Refused, Unavailable, Unknown
from cloud.messaging.settings import MailSettings
from cloud.messaging.smtp import SmtpSender, check
from runtime.errors import SettingsError
from tests.certificates import make_authority
from tests.fakes_messaging import Fault, RelayScript, relay_of, send_into_silence
from tests.waiting import SURELY_S

MAIL = Mail(
    message_id=message_id("C-1/UP-1-1/power_out/1/email", "utility.example"),
    recipient="ana@example.com",
    name="Ana Conceição",
    language=Language.PT_BR,
    subject="Falta de energia: Rua das Flores 12, São Paulo",
    body="Olá!\n.começa com ponto\n..\n" + "não " * 100 + "\n",
    written_at=datetime(2026, 11, 21, 23, 16, tzinfo=UTC),
)


@pytest.fixture
def script() -> RelayScript:
    return RelayScript()


@pytest.fixture
def settings(script: RelayScript) -> Iterator[MailSettings]:
    with relay_of(script) as port:
        yield MailSettings(port=port, sender="Utility <no-reply@utility.example>", timeout_s=SURELY_S)


@pytest.fixture
def sender(settings: MailSettings) -> Iterator[SmtpSender]:
    sender = SmtpSender(settings)
    yield sender
    sender.close()


def read(data: bytes) -> EmailMessage:
    return cast(EmailMessage, message_from_bytes(data, policy=policy.default))


def test_a_mail_arrives_as_it_was_written(sender: SmtpSender, script: RelayScript) -> None:
    assert sender.send(MAIL) == Delivered(answer="250 2.0.0 kept as 1")

    arrived = read(script.kept[0])
    assert arrived.get_content().replace("\r\n", "\n") == MAIL.body
    assert (arrived["Subject"], arrived["To"]) == (MAIL.subject, "Ana Conceição <ana@example.com>")
    assert arrived["From"] == "Utility <no-reply@utility.example>"
    assert arrived["Message-ID"] == MAIL.message_id
    assert (arrived["Content-Language"], arrived["Auto-Submitted"]) == ("pt-BR", "auto-generated")
    assert arrived["Date"] == "Sat, 21 Nov 2026 23:16:00 +0000"
    assert arrived.get_content_type() == "text/plain"


def test_the_wire_carries_plain_ascii_in_lines_every_relay_takes(sender: SmtpSender, script: RelayScript) -> None:
    sender.send(MAIL)

    assert script.kept[0].isascii()
    assert max(map(len, script.kept[0].split(b"\r\n"))) <= 78
    assert b"\n" not in script.kept[0].replace(b"\r\n", b"")


@pytest.mark.parametrize(
    "subject",
    [
        "Consideramos que a sua casa continua sem energia: Rua das Acácias 14, Curitiba",
        "Please check your main switch, and the breakers behind it, before you call us: 20 Acacia Street",
        "É é É é É é É é É é É é É é É é É é É é É é É é É é É é É é É é",
    ],
)
def test_a_long_subject_is_read_as_it_was_written(sender: SmtpSender, script: RelayScript, subject: str) -> None:
    sender.send(replace(MAIL, subject=subject))

    assert read(script.kept[0])["Subject"] == subject


def test_the_same_message_has_the_same_id_for_ever() -> None:
    assert message_id("a", "x.example") == message_id("a", "x.example")
    assert message_id("a", "x.example") != message_id("b", "x.example")
    assert MAIL.message_id == "<47db16d282e1106be5a59bdc0ca8b025513fa556@utility.example>"


def test_one_connection_serves_many_mails(sender: SmtpSender, script: RelayScript) -> None:
    endings = [sender.send(MAIL) for _ in range(3)]

    assert all(isinstance(ending, Delivered) for ending in endings)
    assert script.connections == 1


def test_a_relay_that_closed_the_kept_connection_costs_nothing(settings: MailSettings, script: RelayScript) -> None:
    sender = SmtpSender(settings)
    sender.send(MAIL)
    assert sender._relay is not None
    assert sender._relay.sock is not None
    sender._relay.sock.shutdown(2)

    assert isinstance(sender.send(MAIL), Delivered)
    sender.close()


ENDS: list[tuple[Fault, type[Ending], bool]] = [
    (Fault.GREETING_REFUSED, Unavailable, False),
    (Fault.BUSY_GREETING, Unavailable, False),
    (Fault.SENDER_REFUSED, Unavailable, False),
    (Fault.SENDER_DEFERRED, Unavailable, False),
    (Fault.GONE_AT_MAIL, Unavailable, False),
    (Fault.RECIPIENT_REFUSED, Refused, False),
    (Fault.RECIPIENT_DEFERRED, Unavailable, False),
    (Fault.GONE_AT_RCPT, Unavailable, False),
    (Fault.TEXT_REFUSED, Refused, False),
    (Fault.TEXT_DEFERRED, Unavailable, False),
    (Fault.ANSWER_LOST, Unknown, True),
    (Fault.DROPPED_AFTER_TEXT, Unknown, False),
    (Fault.SILENT_AFTER_TEXT, Unknown, True),
    (Fault.NONSENSE_AFTER_TEXT, Unknown, False),
]


def send_and_meet(sender: SmtpSender, script: RelayScript, fault: Fault) -> Ending:
    """What becomes of a mail with which the relay does this."""
    script.faults.append(fault)
    if fault is Fault.SILENT_AFTER_TEXT:
        return send_into_silence(sender, MAIL, lambda: script.is_silent)
    return sender.send(MAIL)


@pytest.mark.parametrize(("fault", "end", "is_kept"), ENDS, ids=[fault.name.lower() for fault, _, _ in ENDS])
def test_every_fault_has_its_end_and_the_next_mail_goes_out(
    sender: SmtpSender, script: RelayScript, fault: Fault, end: type[Ending], is_kept: bool
) -> None:
    assert isinstance(send_and_meet(sender, script, fault), end)
    assert len(script.kept) == is_kept

    assert isinstance(sender.send(replace(MAIL, subject="next")), Delivered)
    assert read(script.kept[-1])["Subject"] == "next"


@pytest.mark.parametrize(("fault", "end", "is_kept"), ENDS[2:], ids=[fault.name.lower() for fault, _, _ in ENDS[2:]])
def test_the_ends_are_the_same_on_a_kept_connection(
    sender: SmtpSender, script: RelayScript, fault: Fault, end: type[Ending], is_kept: bool
) -> None:
    sender.send(MAIL)

    assert isinstance(send_and_meet(sender, script, fault), end)
    assert len(script.kept) == 1 + is_kept


def test_nobody_at_the_port_is_unavailable() -> None:
    with relay_of(RelayScript()) as port:
        pass

    ending = SmtpSender(MailSettings(port=port)).send(MAIL)

    assert isinstance(ending, Unavailable)
    assert ending.reason == "the relay cannot be reached: [Errno 111] Connection refused"


def test_a_relays_answer_is_kept_short_and_printable(sender: SmtpSender, script: RelayScript) -> None:
    script.faults.append(Fault.RECIPIENT_REFUSED)

    assert sender.send(MAIL) == Refused(answer="550 5.1.1 no such mailbox")


# Encryption and log-in


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_travels_encrypted_to_a_relay_we_trust(tmp_path: Path, script: RelayScript, security: str) -> None:
    authority = make_authority(tmp_path)
    options = {"require_starttls": True, "tls_context": authority.server} if security == "starttls" else {}
    options |= {"ssl_context": authority.server} if security == "tls" else {}
    with relay_of(script, **options) as port:
        sender = SmtpSender(
            MailSettings(host="localhost", port=port, security=security, ca_file=authority.ca_file, timeout_s=SURELY_S)
        )

        ending = sender.send(MAIL)
        sender.close()

    assert isinstance(ending, Delivered)


@pytest.mark.parametrize("others", [True, False], ids=["another authority", "the system's authorities"])
def test_a_relay_we_do_not_trust_gets_nothing(tmp_path: Path, script: RelayScript, others: bool) -> None:
    authority = make_authority(tmp_path)
    (tmp_path / "other").mkdir()
    ca_file = make_authority(tmp_path / "other").ca_file if others else None
    with relay_of(script, require_starttls=True, tls_context=authority.server) as port:
        settings = MailSettings(host="localhost", port=port, security="starttls", ca_file=ca_file, timeout_s=SURELY_S)

        ending = SmtpSender(settings).send(MAIL)

    assert isinstance(ending, Unavailable)
    assert "certificate" in ending.reason.lower()
    assert script.kept == []


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize(
    ("password", "end", "logins"),
    [("right", Delivered, 1), ("wrong", Unavailable, 2)],  # wrong, once in each way it offers: PLAIN and LOGIN
)
def test_a_relay_that_asks_for_a_password_gets_it_from_its_file_and_no_more_often_than_it_must(
    tmp_path: Path, script: RelayScript, password: str, end: type[Ending], logins: int
) -> None:
    file = tmp_path / "password"
    file.write_text(f"{password}\n")
    file.chmod(0o600)
    with relay_of(script, authenticator=script.take_login, auth_required=True, auth_require_tls=False) as port:
        sender = SmtpSender(MailSettings(port=port, username="lamplight", password_file=file, timeout_s=SURELY_S))

        ending = sender.send(MAIL)
        sender.close()

    assert isinstance(ending, end)
    assert script.logins == [b"lamplight"] * logins
    assert password not in repr(ending)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (MailSettings(host="mail.utility.example"), "mail to mail.utility.example would travel in the clear"),
        (MailSettings(username="lamplight"), "there is a username and no password"),
        (MailSettings(sender="nobody"), "'nobody' is not a sender's address"),
        (MailSettings(sender="A <a@>"), "is not a sender's address"),
        (MailSettings(sender="A <a@b.example>\nBcc: x@y.example"), "is not a sender's address"),
        (MailSettings(security="tls", ca_file=Path("/nowhere.pem")), "the certificates cannot be read"),
        (MailSettings(username="l", password_file=Path("/nowhere")), "the mail password cannot be read"),
    ],
)
def test_settings_no_mail_may_be_sent_with_are_refused(settings: MailSettings, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        SmtpSender(settings)


def test_a_distant_relay_is_fine_when_encrypted() -> None:
    check(MailSettings(host="mail.utility.example", security="starttls"))
