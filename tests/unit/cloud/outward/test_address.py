"""Where events may go: the rules, and that a name is not believed twice."""

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.outward import address
from cloud.outward.address import AddressRefused
from runtime.errors import SettingsError


@pytest.mark.parametrize(
    "url",
    [
        "https://oms.example/lamplight",
        "https://oms.example:8443/a?b=c",
        "https://10.1.2.3/",
        "https://[2001:db8::1]:444/",
        "http://127.0.0.1:9000/events",
        "http://localhost/events",
        "http://[::1]/events",
    ],
)
def test_an_address_something_may_be_posted_to(url):
    assert address.parse(url).host in url


@pytest.mark.parametrize(
    "url",
    [
        "http://oms.example/",
        "http://10.1.2.3/",
        "ftp://oms.example/",
        "file:///etc/passwd",
        "oms.example",
        "https://",
        "https://oms.example:0/",
        "https://oms.example:99999/",
        "https://user:pass@oms.example/",
        "https://user@oms.example/",
        "https://oms.example/#fragment",
        "https://oms.example/a b",
        "https://oms.example/\r\nX-Evil: 1",
        "https://oms.example\\@evil.example/",
        "https://öms.example/",
        "https://169.254.169.254/latest/meta-data",
        "https://[fe80::1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://0.0.0.0/",
        "https://255.255.255.255/",
        "https://224.0.0.1/",
        "https://[::]/",
        "https://[not-an-address/",
        "https://oms.example/" + "a" * 2_000,
    ],
)
def test_an_address_nothing_may_be_posted_to(url):
    with pytest.raises(SettingsError):
        address.parse(url)


TEXTS = st.text(st.characters(max_codepoint=0x1FF), max_size=60)


@given(TEXTS | TEXTS.map("https://{}".format))
def test_any_text_is_an_address_or_is_refused(text):
    try:
        found = address.parse(text)
    except SettingsError:
        return
    assert found.is_encrypted or found.is_local


@pytest.mark.parametrize(
    "stands_for",
    [
        "127.0.0.1",
        "127.8.8.8",
        "::1",
        "169.254.169.254",
        "::ffff:127.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::a9fe:a9fe",
        "0.0.0.0",
        "240.0.0.1",
    ],
)
def test_a_name_that_stands_for_this_machine_or_the_link_is_connected_to_nowhere(monkeypatch, stands_for):
    family = socket.AF_INET6 if ipaddress.ip_address(stands_for).version == 6 else socket.AF_INET
    answer = [(family, socket.SOCK_STREAM, 6, "", (stands_for, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)

    with pytest.raises(AddressRefused, match=r"oms\.example is"):
        address.connect(address.parse("https://oms.example/"), lambda: 1.0)


def test_this_machines_own_name_leads_to_no_other_machine(monkeypatch):
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.1.2.3", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)

    with pytest.raises(AddressRefused, match="another machine"):
        address.connect(address.parse("http://localhost/"), lambda: 1.0)


def test_the_connection_goes_to_the_address_that_was_looked_at(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        looked = []
        real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: looked.append(a) or real(*a, **k))

        with address.connect(address.parse(f"http://127.0.0.1:{port}/"), lambda: 1.0) as line:
            assert line.getpeername() == ("127.0.0.1", port)
    assert len(looked) == 1
