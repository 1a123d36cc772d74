"""The enrolment: checked whole, kept whole, its password never shown."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.adapters.enrolment import Certified, install_enrolment, load_enrolment
from runtime.errors import InputRefused, LamplightError
from tests.certificates import make_authority
from wire.commands import Role
from wire.ids import GatewayId
from wire.keys import SoftwareSigner

GATEWAY = GatewayId("7Z0M4QDA")
RECEIPT_KEY = SoftwareSigner.generate().public
PASSWORD = "correct horse"
NOW = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)


def enrolment_text(mqtt: str = 'host = "127.0.0.1"\nport = 18830', gateway: str = GATEWAY) -> str:
    return (
        f'gateway_id = "{gateway}"\n'
        f'[mqtt]\n{mqtt}\nusername = "{gateway}"\npassword = "{PASSWORD}"\n'
        f'[cloud]\nreceipt_public_key = """{RECEIPT_KEY.to_pem().decode()}"""\n'
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An enrolment as the utility hands it out."""
    (tmp_path / "handed").mkdir()
    file = tmp_path / "handed" / "enrolment.toml"
    file.write_text(enrolment_text())
    file.chmod(0o600)
    return file


def test_an_enrolment_tells_broker_password_and_receipt_key(file: Path) -> None:
    enrolment = load_enrolment(file, GATEWAY)

    assert (enrolment.host, enrolment.port, enrolment.username) == ("127.0.0.1", 18830, GATEWAY)
    assert enrolment.password.reveal() == PASSWORD
    assert enrolment.receipt_key == RECEIPT_KEY
    assert PASSWORD not in repr(enrolment)


def test_it_is_kept_for_the_gateways_eyes_only(file: Path, tmp_path: Path) -> None:
    install_enrolment(file, tmp_path / "enrolment.toml", GATEWAY, NOW)

    assert (tmp_path / "enrolment.toml").stat().st_mode & 0o777 == 0o600
    assert load_enrolment(tmp_path / "enrolment.toml", GATEWAY).port == 18830


def test_the_brokers_certificate_is_kept_beside_it(file: Path, tmp_path: Path) -> None:
    certificate = make_authority(file.parent).ca_file.read_bytes()
    file.write_text(enrolment_text('host = "broker.example"\ntls_ca_file = "ca.pem"'))

    enrolment = install_enrolment(file, tmp_path / "enrolment.toml", GATEWAY, NOW)

    assert enrolment.tls_ca_file == tmp_path / "ca.pem"
    assert (tmp_path / "ca.pem").read_bytes() == certificate


def test_another_gateways_enrolment_is_refused_and_nothing_kept(file: Path, tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="is for gateway 7Z0M4QDA, this is 00000000"):
        install_enrolment(file, tmp_path / "enrolment.toml", GatewayId("00000000"), NOW)

    assert not (tmp_path / "enrolment.toml").exists()


@pytest.mark.parametrize("host", ["192.0.2.7", "broker.example", "::ffff:192.0.2.7"])
def test_a_broker_elsewhere_needs_tls(file: Path, host: str) -> None:
    file.write_text(enrolment_text(f'host = "{host}"\nport = 1883'))

    with pytest.raises(InputRefused, match="has no TLS"):
        load_enrolment(file, GATEWAY)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_a_broker_on_this_machine_does_not(file: Path, host: str) -> None:
    file.write_text(enrolment_text(f'host = "{host}"\nport = 1883'))

    assert load_enrolment(file, GATEWAY).tls_ca_file is None


def test_a_certificate_that_is_not_there_is_named(file: Path) -> None:
    file.write_text(enrolment_text('host = "broker.example"\ntls_ca_file = "ca.pem"'))

    with pytest.raises(InputRefused, match=r"ca\.pem"):
        load_enrolment(file, GATEWAY)


def test_a_gateway_without_enrolment_is_told_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="lamplight-cloud gateway add"):
        load_enrolment(tmp_path / "enrolment.toml", GATEWAY)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace('password = "', "password = "),
        lambda text: text.replace(f'password = "{PASSWORD}"', "password = 12345678"),
        lambda text: text.replace(f'password = "{PASSWORD}"', ""),
        lambda text: text.replace("password", "pasword"),
        lambda text: text.replace("[mqtt]", "[mqtts]"),
        lambda text: text.replace('username = "', 'user = "'),
        lambda text: text.replace("MFkw", "MFkx"),
        lambda text: text.replace("port = 18830", "port = 0"),
        lambda text: text.encode("utf-16").decode("latin-1"),
    ],
)
def test_a_damaged_enrolment_is_refused_without_showing_the_password(file: Path, damage: Callable[[str], str]) -> None:
    file.write_text(damage(enrolment_text()))

    with pytest.raises(LamplightError) as refusal:
        load_enrolment(file, GATEWAY)

    assert PASSWORD not in str(refusal.value)
    assert "12345678" not in str(refusal.value)
    assert str(file) in str(refusal.value)


def test_a_kept_enrolment_open_to_others_is_refused(file: Path, tmp_path: Path) -> None:
    kept = tmp_path / "enrolment.toml"
    install_enrolment(file, kept, GATEWAY, NOW)
    kept.chmod(0o644)

    with pytest.raises(InputRefused, match="open to others"):
        load_enrolment(kept, GATEWAY)


def test_a_certificate_that_is_none_is_refused(file: Path) -> None:
    (file.parent / "authority.pem").write_text("garbage")
    file.write_text(enrolment_text('host = "broker.example"\ntls_ca_file = "authority.pem"'))

    with pytest.raises(InputRefused, match="no certificate"):
        load_enrolment(file, GATEWAY)


def commands_table(**keys: SoftwareSigner) -> str:
    """Who may order what."""
    return "[commands]\n" + "".join(
        f'{name} = """{signer.public.to_pem().decode()}"""\n' for name, signer in keys.items()
    )


def test_it_tells_who_may_order_what(file: Path) -> None:
    operator, first, second = (SoftwareSigner.generate() for _ in range(3))
    table = commands_table(operator=operator, key_authority=first, second_key_authority=second)
    file.write_text(file.read_text() + table)

    authority = load_enrolment(file, GATEWAY).authority

    assert [(each.role, each.key) for each in authority] == [
        (Role.OPERATOR, operator.public),
        (Role.KEY_AUTHORITY, first.public),
        (Role.KEY_AUTHORITY, second.public),
    ]


def test_without_a_word_about_it_nobody_orders_anything(file: Path) -> None:
    assert load_enrolment(file, GATEWAY).authority == ()


def test_one_key_is_not_two_authorities(file: Path) -> None:
    signer = SoftwareSigner.generate()
    file.write_text(file.read_text() + commands_table(key_authority=signer, second_key_authority=signer))

    with pytest.raises(InputRefused, match="one key stands for two"):
        load_enrolment(file, GATEWAY)


def test_an_authority_that_is_no_key_is_refused(file: Path) -> None:
    file.write_text(file.read_text() + "[commands]\noperator = 'nobody'\n")

    with pytest.raises(InputRefused, match=r"commands\.operator"):
        load_enrolment(file, GATEWAY)


def certified_text(authority: str, certificate: str = "x") -> str:
    return (
        f'gateway_id = "{GATEWAY}"\n[mqtt]\nhost = "broker.example"\nusername = "{GATEWAY}"\n'
        f'certificate = """{certificate}"""\nauthority = """{authority}"""\n'
        f'[cloud]\nreceipt_public_key = """{RECEIPT_KEY.to_pem().decode()}"""\n'
    )


def test_one_with_a_certificate_needs_no_password_and_names_its_authority(file: Path) -> None:
    authority = make_authority(file.parent).ca_file.read_text()
    file.write_text(certified_text(authority))

    enrolment = load_enrolment(file, GATEWAY)

    assert enrolment.password is None
    assert enrolment.is_encrypted
    assert enrolment.certified == Certified(first="x", authority=authority, file=file.with_name("tls.pem"))


def test_a_certificate_of_no_use_keeps_nothing_of_the_enrolment(file: Path, tmp_path: Path) -> None:
    file.write_text(certified_text(make_authority(file.parent).ca_file.read_text()))

    with pytest.raises(InputRefused, match="this is no certificate"):
        install_enrolment(file, tmp_path / "enrolment.toml", GATEWAY, NOW)

    assert not (tmp_path / "enrolment.toml").exists()
    assert not (tmp_path / "tls.pem").exists()


@pytest.mark.parametrize(
    ("authority", "words"),
    [("", "come together"), ("-----BEGIN CERTIFICATE-----", "no certificate"), ("é", "no ")],
)
def test_an_authority_that_is_none_is_refused(file: Path, authority: str, words: str) -> None:
    file.write_text(certified_text(authority))

    with pytest.raises(InputRefused, match=words):
        load_enrolment(file, GATEWAY)
