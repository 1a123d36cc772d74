import tomllib

import pytest

from cloud.broker.folder import BrokerFolder
from cloud.broker.passwords import matches, parse_password_file
from cloud.broker.settings import MqttSettings
from cloud.kernel.errors import StorageFull
from cloud.kernel.ids import MeterSerial, UsagePointId
from cloud.registry import store
from cloud.registry.model import Place, Status
from cloud.registry.service import MAX_PLACES, Registrar, parse_gateway_id, parse_public_key
from runtime.errors import EnvironmentRefused, InputRefused
from tests.fakes_cloud import NOON, HandClock, fresh_database
from wire.ids import gateway_id_of
from wire.keys import Algorithm, PublicKey, SoftwareSigner

UP, METER = UsagePointId("UP-1"), MeterSerial("LMP00000001")
CLOUD = SoftwareSigner.generate().public


class Office:
    """A registrar over an empty registry."""

    def __init__(self, database, path, mqtt):
        self.path = path
        self.database = database
        self.broker = BrokerFolder(path / "broker")
        self.broker.create()
        self.registrar = Registrar(
            database=database, clock=HandClock(), broker=self.broker, mqtt=mqtt, receipt_key=CLOUD
        )

    def add(self, key=None, *, meter=METER, out="enrolment.toml"):
        return self.add_places(Place(usage_point=UP, meter=meter), key=key, out=out)

    def add_places(self, *places, key=None, out="enrolment.toml"):
        key = key or SoftwareSigner.generate().public
        return self.registrar.add(public_key=key, places=places, out=self.path / out)

    def enrolment(self, name="enrolment.toml"):
        return tomllib.loads((self.path / name).read_text())

    def let_in(self):
        return parse_password_file(self.broker.passwords.read_text())


@pytest.fixture
def office(tmp_path):
    with fresh_database(tmp_path) as database:
        yield Office(database, tmp_path, MqttSettings(port=18_831))


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_gateway_is_known_by_its_key(office, algorithm):
    key = SoftwareSigner.generate(algorithm).public

    added = office.add(key)

    assert added.id == gateway_id_of(key.spki)
    with office.database.read() as connection:
        assert store.get(connection, added.id) == added
        assert store.of_meter(connection, METER) == added
        assert store.by_key_id(connection, [key.key_id, b"another!"]) == {key.key_id: added}
    assert office.registrar.everything() == [added]
    assert (added.key.algorithm, added.status, added.added_at) == (algorithm, Status.ACTIVE, NOON)


def test_the_enrolment_file_holds_what_the_gateway_needs_for_its_owner_only(office):
    added = office.add()

    enrolment = office.enrolment()
    assert enrolment["gateway_id"] == enrolment["mqtt"]["username"] == added.id
    assert (enrolment["mqtt"]["host"], enrolment["mqtt"]["port"]) == ("127.0.0.1", 18_831)
    assert PublicKey.from_pem(enrolment["cloud"]["receipt_public_key"].encode()).spki == CLOUD.spki
    assert "tls_ca_file" not in enrolment["mqtt"]
    assert (office.path / "enrolment.toml").stat().st_mode & 0o777 == 0o600


def test_the_password_opens_the_broker_and_is_kept_nowhere_in_the_clear(office):
    added = office.add()

    password = office.enrolment()["mqtt"]["password"]
    assert matches(password, office.let_in()[added.id])
    kept = [file for file in office.path.rglob("*") if file.is_file() and file.name != "enrolment.toml"]
    assert [file for file in kept if password.encode() in file.read_bytes()] == []
    assert password not in repr(added)


def test_a_broker_elsewhere_is_named_and_its_authority_lies_beside_the_file(tmp_path):
    (tmp_path / "authority.pem").write_text("the certificate")
    mqtt = MqttSettings(host='broker".example', tls_ca_file=tmp_path / "authority.pem")
    with fresh_database(tmp_path) as database:
        office = Office(database, tmp_path, mqtt)
        office.add()

    assert office.enrolment()["mqtt"]["host"] == 'broker".example'
    assert office.enrolment()["mqtt"]["tls_ca_file"] == "enrolment-ca.pem"
    assert (tmp_path / "enrolment-ca.pem").read_text() == "the certificate"


def test_no_gateway_is_registered_when_the_authority_cannot_be_read(tmp_path):
    mqtt = MqttSettings(host="broker.example", tls_ca_file=tmp_path / "nowhere.pem")
    with fresh_database(tmp_path) as database:
        office = Office(database, tmp_path, mqtt)

        with pytest.raises(EnvironmentRefused, match=r"mqtt\.tls_ca_file"):
            office.add()

        assert office.registrar.everything() == []


def test_a_key_is_registered_once(office):
    key = SoftwareSigner.generate().public
    added = office.add(key)

    with pytest.raises(InputRefused, match=f"registered already: .*gateway renew {added.id}"):
        office.add(key, meter=MeterSerial("LMP2"), out="second.toml")

    assert not (office.path / "second.toml").exists()


def test_a_meter_has_one_gateway_that_speaks_for_it(office):
    first = office.add()

    with pytest.raises(InputRefused, match=f"gateway {first.id} already speaks for meter LMP00000001"):
        office.add(out="second.toml")
    office.registrar.revoke(first.id, "replaced")
    second = office.add(out="second.toml")

    with office.database.read() as connection:
        assert store.of_meter(connection, METER) == second


def place(number):
    return Place(usage_point=UsagePointId(f"UP-{number}"), meter=MeterSerial(f"LMP{number}"))


def test_a_gateway_on_a_bus_speaks_for_each_of_its_meters_and_no_other(office):
    added = office.add_places(place(3), place(1), place(2))

    with office.database.read() as connection:
        assert store.get(connection, added.id) == added
        assert store.of_meter(connection, MeterSerial("LMP2")) == added
        assert store.of_usage_points(connection, ["UP-1", "UP-2"]) == [added]
        assert store.usage_points(connection, limit=9) == ["UP-1", "UP-2", "UP-3"]
    assert added.places == (place(3), place(1), place(2))
    assert added.speaks_for("UP-2", "LMP2")
    assert not added.speaks_for("UP-2", "LMP1")
    assert not added.speaks_for("UP-4", "LMP4")
    assert added.subjects_in("UP-2") == ("", "LMP2")
    assert added.subjects_in("UP-4") == ("",)


def test_a_gateway_is_not_registered_when_one_of_its_meters_is_taken(office):
    first = office.add_places(place(1), place(2))

    with pytest.raises(InputRefused, match=f"gateway {first.id} already speaks for meter LMP2"):
        office.add_places(place(3), place(2), out="second.toml")
    assert office.registrar.everything() == [first]
    office.registrar.revoke(first.id, "replaced")
    second = office.add_places(place(3), place(2), out="second.toml")

    with office.database.read() as connection:
        assert store.of_meter(connection, MeterSerial("LMP2")) == second
        assert store.of_meter(connection, MeterSerial("LMP1")) is None
        assert {each.id for each in store.of_usage_points(connection, ["UP-2"])} == {first.id, second.id}


@pytest.mark.parametrize("count", [0, MAX_PLACES + 1])
def test_a_gateway_speaks_for_some_meters_and_not_for_a_town(office, count):
    with pytest.raises(InputRefused, match=f"cannot speak for {count} meters"):
        office.add_places(*map(place, range(count)))


def test_a_revoked_gateway_cannot_come_back_with_its_key(office):
    key = SoftwareSigner.generate().public
    gateway = office.add(key)

    office.registrar.revoke(gateway.id, "stolen")

    (revoked,) = office.registrar.everything()
    assert (revoked.status, revoked.status_reason) == (Status.REVOKED, "stolen")
    assert list(office.let_in()) == ["ingest"]
    with pytest.raises(InputRefused, match="is revoked: its key is not believed"):
        office.add(key, out="second.toml")
    with pytest.raises(InputRefused, match="is revoked"):
        office.registrar.renew(gateway.id, office.path / "second.toml")


def test_a_lost_enrolment_file_is_renewed_with_another_password(office):
    gateway = office.add()
    old = office.enrolment()["mqtt"]["password"]

    office.registrar.renew(gateway.id, office.path / "new.toml")

    new = office.enrolment("new.toml")["mqtt"]["password"]
    assert new != old
    assert matches(new, office.let_in()[gateway.id])
    assert not matches(old, office.let_in()[gateway.id])


def test_an_existing_file_is_never_written_over(office):
    (office.path / "enrolment.toml").write_text("mine")

    with pytest.raises(InputRefused, match="exists already"):
        office.add()

    assert (office.path / "enrolment.toml").read_text() == "mine"
    assert office.registrar.everything() == []


def test_a_gateway_is_not_registered_when_its_file_cannot_be_written(office):
    with pytest.raises(EnvironmentRefused, match="cannot write"):
        office.add(out="nowhere/enrolment.toml")

    assert office.registrar.everything() == []


def test_no_file_is_left_when_the_registry_is_full(office):
    with office.database.transaction() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    def fill():
        for number in range(1000):
            office.add(meter=MeterSerial(f"LMP{number}"), out=f"{number}.toml")

    with pytest.raises(StorageFull):
        fill()

    files = list(office.path.glob("*.toml"))
    with office.database.transaction() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 100000")
    assert len(files) == len(office.registrar.everything())


@pytest.mark.parametrize("gateway", ["7Z0M4QDA"])
def test_a_gateway_nobody_registered_cannot_be_revoked(office, gateway):
    with pytest.raises(InputRefused, match="there is no gateway 7Z0M4QDA"):
        office.registrar.revoke(parse_gateway_id(gateway), "x")


def test_a_gateway_may_be_typed_in_small_letters():
    assert parse_gateway_id(" 7z0m4qda\n") == "7Z0M4QDA"


@pytest.mark.parametrize("text", ["", "7Z0M4QD", "7Z0M4QDU", "../../etc"])
def test_what_names_no_gateway_is_refused(text):
    with pytest.raises(InputRefused, match="is not a gateway"):
        parse_gateway_id(text)


def test_a_private_key_handed_in_by_mistake_is_refused_and_not_repeated():
    pem = SoftwareSigner.generate().to_pem()

    with pytest.raises(InputRefused, match="private key, which must never leave") as caught:
        parse_public_key(pem, "key.pem")

    assert pem.decode().splitlines()[1] not in str(caught.value)


@pytest.mark.parametrize("pem", [b"", b"x", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_what_is_no_key_is_refused(pem):
    with pytest.raises(InputRefused, match="not a P-256 or Ed25519 public key"):
        parse_public_key(pem, "key.pem")
