"""The cloud's authority: made once, whole, and what it signs says one thing each."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from cloud.broker.authority import LIFE_OF_OUR_OWN, Authority, due_at
from cloud.broker.folder import AuthorityFolder
from runtime.errors import EnvironmentRefused
from tests.fakes_cloud import NOON
from wire.ids import GatewayId

GATEWAY = GatewayId("7Z0M4QDA")
LIFE = timedelta(days=90)


@pytest.fixture
def folder(tmp_path):
    return AuthorityFolder(tmp_path / "authority")


@pytest.fixture
def authority(folder):
    return Authority.open(folder, NOON)


@pytest.fixture
def leaf(authority):
    return authority.issue(GATEWAY, ec.generate_private_key(ec.SECP256R1()).public_key(), NOON, LIFE)


def certificate_in(file):
    return x509.load_pem_x509_certificate(file.read_bytes())


def revoked_in(folder):
    return {entry.serial_number for entry in x509.load_pem_x509_crl(folder.revoked.read_bytes())}


def uses(leaf):
    return list(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)


def test_it_is_made_once_and_its_key_is_for_its_owner_only(folder, authority):
    again = Authority.open(folder, NOON + timedelta(days=1))

    assert again.certificate_pem == authority.certificate_pem == folder.certificate.read_bytes()
    assert folder.key.stat().st_mode & 0o777 == 0o600
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in folder.path.parent.iterdir()] == ["authority"]


def test_a_gateways_certificate_lets_it_be_a_client_under_its_name_until_its_end(authority, leaf):
    trusted = Store([x509.load_pem_x509_certificate(authority.certificate_pem)])

    found = PolicyBuilder().store(trusted).time(NOON + LIFE).build_client_verifier().verify(leaf, [])

    assert [str(name.value) for name in found.subjects] == [f"urn:lamplight:gateway:{GATEWAY}"]
    assert [name.value for name in leaf.subject] == [GATEWAY]
    assert uses(leaf) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    with pytest.raises(VerificationError):
        PolicyBuilder().store(trusted).time(NOON + LIFE + timedelta(seconds=1)).build_client_verifier().verify(leaf, [])


def test_it_is_due_after_two_thirds_of_its_life(leaf):
    assert NOON + timedelta(days=59) < due_at(leaf) < NOON + timedelta(days=60)


def test_nothing_it_signs_outlives_it(authority):
    late = x509.load_pem_x509_certificate(authority.certificate_pem).not_valid_after_utc - timedelta(days=3)

    leaf = authority.issue(GATEWAY, ec.generate_private_key(ec.SECP256R1()).public_key(), late, LIFE)

    assert leaf.not_valid_after_utc == late + timedelta(days=3)


@pytest.mark.parametrize(
    ("host", "name"), [("broker.example", x509.DNSName("broker.example")), ("10.0.0.7", None), ("::1", None)]
)
def test_the_broker_is_certified_for_the_name_gateways_reach_it_by(folder, authority, host, name):
    authority.tend(host, NOON)

    (said,) = certificate_in(folder.broker).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert str(said.value) == host
    assert name is None or said == name
    assert uses(certificate_in(folder.broker)) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert uses(certificate_in(folder.ingest)) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert {file.stat().st_mode & 0o777 for file in (folder.broker, folder.ingest)} == {0o600}


def test_its_own_certificates_stand_for_two_thirds_of_their_life(folder, authority):
    authority.tend("broker.example", NOON)
    before = folder.broker.read_bytes()

    was_early = authority.tend("broker.example", NOON + LIFE_OF_OUR_OWN / 2)
    was_due = authority.tend("broker.example", NOON + LIFE_OF_OUR_OWN * 2 / 3)

    assert (was_early, was_due) == (False, True)
    assert folder.broker.read_bytes() != before


def test_a_broker_that_moved_gets_another_certificate(folder, authority):
    authority.tend("broker.example", NOON)
    of_ingest = folder.ingest.read_bytes()

    assert authority.tend("other.example", NOON)
    assert folder.ingest.read_bytes() == of_ingest


def test_the_list_of_the_revoked_holds_as_long_as_the_authority(folder, authority, leaf):
    assert revoked_in(folder) == set()

    authority.write_revoked({leaf.serial_number: NOON, 7: NOON}, NOON)

    listed = x509.load_pem_x509_crl(folder.revoked.read_bytes())
    assert revoked_in(folder) == {leaf.serial_number, 7}
    assert listed.is_signature_valid(certificate_in(folder.certificate).public_key())
    assert listed.next_update_utc == certificate_in(folder.certificate).not_valid_after_utc


@pytest.mark.parametrize("harm", ["lose", "open", "swap", "scribble"])
def test_an_authority_that_was_harmed_is_not_made_over(folder, authority, tmp_path, harm):
    other = AuthorityFolder(tmp_path / "other")
    Authority.open(other, NOON)
    {
        "lose": folder.key.unlink,
        "open": lambda: folder.key.chmod(0o644),
        "swap": lambda: folder.certificate.write_bytes(other.certificate.read_bytes()),
        "scribble": lambda: folder.certificate.write_bytes(b"-----BEGIN CERTIFICATE-----"),
    }[harm]()

    with pytest.raises(EnvironmentRefused):
        Authority.open(folder, NOON)
