"""The mailbox is a real SMTP server that forgets nothing, hides no double, and misbehaves on command."""

import json
import smtplib
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from email.message import EmailMessage

import pytest

from runtime.clock import SystemClock
from runtime.errors import EnvironmentRefused, InputRefused
from simulators.mailbox import Fault, Mailbox, MailboxServer
from tests.ports import free_port
from tests.waiting import SURELY_S


@contextmanager
def serving(folder):
    mailbox = Mailbox(folder, SystemClock())
    mailbox.open()
    ports = free_port(), free_port()
    server = MailboxServer(mailbox, smtp_port=ports[0], http_port=ports[1])
    server.start()
    try:
        yield mailbox, *ports
    finally:
        server.stop()


def letter(message_id="<one@lamplight>", text="Sua energia voltou às 18:02."):
    message = EmailMessage()
    message["Message-ID"], message["From"], message["To"] = message_id, "from@example.org", "ana@example.org"
    message["Subject"] = "Energia de volta"
    message.set_content(text)
    message["Content-Language"] = "pt-BR"
    return message


def send(port, message, timeout=SURELY_S):
    with smtplib.SMTP("127.0.0.1", port, timeout=timeout) as smtp:
        smtp.send_message(message)


def ask(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=SURELY_S) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def by_id(message_id):
    return "/messages/by-id/" + urllib.parse.quote(message_id, safe="")


def test_an_accepted_message_can_be_read_at_the_door(tmp_path):
    with serving(tmp_path) as (_, smtp, http):
        send(smtp, letter())

        status, (kept,) = ask(http, "/messages")

    assert status == 200
    assert (kept["message_id"], kept["to"], kept["language"]) == ("<one@lamplight>", ["ana@example.org"], "pt-BR")
    assert kept["text"].strip() == "Sua energia voltou às 18:02."


def test_a_sender_in_doubt_can_ask_whether_a_message_arrived_and_sees_doubles(tmp_path):
    with serving(tmp_path) as (_, smtp, http):
        send(smtp, letter())
        send(smtp, letter())

        assert ask(http, by_id("<one@lamplight>")) == (200, {"count": 2})
        assert ask(http, by_id("<other@lamplight>")) == (404, {"count": 0})
        assert ask(http, "/else")[0] == 404


def test_a_restart_forgets_nothing(tmp_path):
    with serving(tmp_path) as (_, smtp, _http):
        send(smtp, letter())

    with serving(tmp_path) as (_, smtp, http):
        send(smtp, letter("<two@lamplight>"))

        numbers = [kept["number"] for kept in ask(http, "/messages")[1]]

    assert numbers == [1, 2]


@pytest.mark.parametrize(
    ("fault", "stored"), [(Fault.REFUSE_FOR_NOW, 0), (Fault.REFUSE, 0), (Fault.DROP, 0), (Fault.LOSE_ANSWER, 1)]
)
def test_on_command_it_misbehaves_once_and_then_serves_again(tmp_path, fault, stored):
    with serving(tmp_path) as (mailbox, smtp, _http):
        mailbox.play(fault, 1)
        with pytest.raises(smtplib.SMTPException):
            send(smtp, letter())
        after_fault = len(mailbox.messages())
        send(smtp, letter("<two@lamplight>"))

        assert (after_fault, len(mailbox.messages())) == (stored, stored + 1)


def test_a_hanging_server_keeps_the_sender_waiting_and_stores_nothing(tmp_path):
    with serving(tmp_path) as (mailbox, smtp, _http):
        mailbox.play(Fault.HANG, 1)

        with pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"):
            send(smtp, letter(), timeout=0.3)
        assert mailbox.messages() == ()


def test_control_lines_are_obeyed_or_answered_with_the_right_words(tmp_path):
    mailbox = Mailbox(tmp_path, SystemClock())

    assert mailbox.answer(["fault", "busy", "2"]) == {"faults": 2}
    assert mailbox.answer(["status"]) == {"messages": 0, "faults": ["busy", "busy"]}
    assert mailbox.answer(["clear"]) == {"faults": 0}
    refused = (["dance"], ["fault", "dance"], ["fault", "busy", "often"], ["fault", "busy", "1", "2"], [])
    for words in (*refused, ["fault", "busy", "0"], ["fault", "busy", "9999999999"]):
        with pytest.raises(InputRefused, match="lose-answer"):
            mailbox.answer(words)


def test_a_taken_port_is_one_clear_refusal(tmp_path):
    with serving(tmp_path) as (mailbox, smtp, http):
        one = free_port()
        for taken in ((smtp, free_port()), (free_port(), http), (one, one)):
            with pytest.raises(EnvironmentRefused, match="port is taken"):
                MailboxServer(mailbox, smtp_port=taken[0], http_port=taken[1]).start()
