"""The key and certificate that open the broker: what is kept of what comes back, and what is refused."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.tls_identity import MAX_CERTIFICATE_BYTES, RenewedIdentity, TlsIdentity
from runtime.errors import EnvironmentRefused, InputRefused
from wire.certificate_request import open_request
from wire.ids import gateway_id_of
from wire.keys import SoftwareSigner

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LIFE = timedelta(days=90)
SIGNER = SoftwareSigner.generate()
GATEWAY = gateway_id_of(SIGNER.public.spki)
PEM = serialization.Encoding.PEM


class TestAuthority:
    """Who signs certificates here."""

    __test__ = False

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority")])
        self.pem = self.sign(self.key.public_key(), self.name, is_authority=True).decode()

    def sign(self, key, subject=None, *, ends_at=NOW + LIFE, is_authority=False):
        subject = subject or x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, GATEWAY)])
        return (
            x509.CertificateBuilder(self.name, subject, key, x509.random_serial_number())
            .not_valid_before(ends_at - LIFE)
            .not_valid_after(ends_at)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .sign(self.key, hashes.SHA256())
            .public_bytes(PEM)
        )


AUTHORITY = TestAuthority()


@pytest.fixture
def identity(tmp_path):
    return TlsIdentity(tmp_path / "tls.pem")


@pytest.fixture
def renewed(identity):
    return RenewedIdentity(identity=identity, authority=AUTHORITY.pem, gateway=GATEWAY, signer=SIGNER)


def asked(identity):
    """The TLS key that the gateway asks a certificate for."""
    return open_request(identity.request(SIGNER, GATEWAY), SIGNER.public, GATEWAY)


def install(identity, pem, now=NOW):
    return identity.install(pem, AUTHORITY.pem.encode(), GATEWAY, now)


def test_a_key_waits_for_its_owner_only_until_its_certificate_comes(identity):
    key = asked(identity)

    assert identity.next_key_file.stat().st_mode & 0o777 == 0o600
    assert asked(identity) == key
    standing = install(identity, AUTHORITY.sign(key))

    assert not identity.next_key_file.exists()
    assert identity.file.stat().st_mode & 0o777 == 0o600
    assert identity.standing() == standing
    assert (standing.due_at, standing.ends_at) == (NOW + LIFE * 2 / 3, NOW + LIFE)
    assert asked(identity) != key


def test_a_kill_before_the_waiting_key_was_removed_costs_nothing(identity):
    key = asked(identity)
    waiting = identity.next_key_file.read_bytes()
    install(identity, AUTHORITY.sign(key))
    identity.next_key_file.write_bytes(waiting)
    identity.next_key_file.chmod(0o600)

    standing = install(identity, AUTHORITY.sign(key, ends_at=NOW + timedelta(days=60)))

    assert standing.ends_at == NOW + timedelta(days=60)
    assert not identity.next_key_file.exists()


def test_a_certificate_anew_for_the_key_in_use_leaves_the_waiting_one(identity):
    key = asked(identity)
    install(identity, AUTHORITY.sign(key))
    waiting = asked(identity)

    install(identity, AUTHORITY.sign(key))

    assert asked(identity) == waiting


def strangers():
    return ec.generate_private_key(ec.SECP256R1()).public_key()


@pytest.mark.parametrize(
    ("forged", "words"),
    [
        (lambda key: AUTHORITY.sign(strangers()), "not for this gateway's TLS key"),
        (lambda key: TestAuthority().sign(key), "not signed by the authority"),
        (lambda key: AUTHORITY.sign(key, AUTHORITY.name), "is for"),
        (lambda key: AUTHORITY.sign(key, ends_at=NOW), "holds from"),
        (lambda key: AUTHORITY.sign(key, ends_at=NOW + LIFE + timedelta(seconds=1)), "check this gateway's clock"),
        (lambda key: b"-----BEGIN CERTIFICATE-----\n", "no certificate"),
        (lambda key: bytes(MAX_CERTIFICATE_BYTES + 1), "8,001 bytes"),
    ],
)
def test_a_certificate_of_no_use_is_refused_and_changes_nothing(identity, forged, words):
    key = asked(identity)

    with pytest.raises(InputRefused, match=words):
        install(identity, forged(key))

    assert not identity.file.exists()
    assert asked(identity) == key


def test_only_one_that_ends_later_is_taken_over_unasked(identity, renewed):
    install(identity, AUTHORITY.sign(asked(identity)))
    next_key, now = asked(identity), NOW + timedelta(days=70)

    with pytest.raises(InputRefused, match="ends no later"):
        renewed.take_over(AUTHORITY.sign(next_key), now)

    standing = renewed.take_over(AUTHORITY.sign(next_key, ends_at=now + LIFE), now)
    assert standing == renewed.standing()


@pytest.mark.parametrize(
    ("content", "mode"),
    [(b"", 0o600), (b"-----BEGIN PRIVATE KEY-----", 0o600), (SoftwareSigner.generate().to_pem(), 0o644)],
)
def test_a_tls_key_that_is_none_or_open_to_others_is_told(identity, content, mode):
    identity.next_key_file.write_bytes(content)
    identity.next_key_file.chmod(mode)

    with pytest.raises(EnvironmentRefused):
        asked(identity)


def test_without_a_certificate_there_is_no_standing(identity):
    with pytest.raises(InputRefused, match="cannot be read"):
        identity.standing()


@given(octets=st.binary(max_size=300))
def test_any_octets_for_a_certificate_are_refused_in_our_own_words(tmp_path_factory, octets):
    identity = TlsIdentity(tmp_path_factory.getbasetemp() / "none.pem")

    with pytest.raises(InputRefused):
        install(identity, octets)
    with pytest.raises(InputRefused):
        install(identity, b"-----BEGIN CERTIFICATE-----\n" + octets + b"\n-----END CERTIFICATE-----\n")
