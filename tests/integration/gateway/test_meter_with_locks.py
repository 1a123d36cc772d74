"""The gateway and a simulated meter with locks, written apart, joined in memory: a password, keys, and wrong ones."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.adapters.dlms_association import Association
from gateway.adapters.dlms_meter import DlmsMeter
from gateway.adapters.dlms_security import Identity
from gateway.adapters.link_driver import LinkDriver
from gateway.adapters.profile_files import load_profile
from gateway.core.errors import MeterRefused, MeterSilent, SecretRefused
from gateway.core.invocation_counter import InvocationCounter, KeptCounter
from gateway.core.meter_access import MeterSecrets
from runtime.errors import EnvironmentRefused, InputRefused
from runtime.secret import Secret
from simulators.meter.device import Meter
from simulators.meter.gatekeeper import MAX_FAILURES, Access
from simulators.meter.history import History
from simulators.moment import Moment
from tests.fakes_access import AUTH_KEY, BY_PASSWORD, KEY, by_keys
from tests.fakes_head import Head
from tests.fakes_meter import FakeClock
from tests.fakes_simulators import NOW, a_life
from wire.terms import LinkFault

PASSWORD = MeterSecrets(password=Secret(b"open sesame"))
KEYS = MeterSecrets(key=Secret(KEY), auth_key=Secret(AUTH_KEY))
WRONG = MeterSecrets(key=Secret(bytes(16)), auth_key=Secret(AUTH_KEY))
BY_PASSWORD_PROFILE, BY_KEYS_PROFILE = load_profile("lamplight-sim-password"), load_profile("lamplight-sim-keys")
IN_CLEAR_PROFILE = replace(BY_KEYS_PROFILE, access=replace(BY_KEYS_PROFILE.access, is_ciphered=False))
TITLE = b"LMPabcde"
HOUR = timedelta(hours=1)


class Bench:
    """A meter with locks, the gateway that reads it, and what both keep."""

    def __init__(self, access: Access, *, heard: int = 0) -> None:
        self.clock = FakeClock(NOW)
        self.histories: list[History] = []
        history = History.of_new_meter("LMP10000001", NOW - timedelta(days=40)).with_counter(heard)
        self.meter = Meter(a_life(history=history), keep=self.histories.append, access=access)
        self.head = Head(self.meter, self.clock)
        self.kept: list[KeptCounter] = []
        self.counter = InvocationCounter(KeptCounter(), self.kept.append)

    def session(self, profile, secrets, *, counter=None):
        identity = Identity(title=TITLE, secrets=secrets, counter=counter or self.counter)
        return DlmsMeter(
            "/dev/head", profile, clock=self.clock, identity=identity, open_line=lambda _address, _baud: self.head
        )

    def tell(self, *words):
        return self.meter.command(words, Moment(at=self.clock.now(), mono_s=self.clock.monotonic()))

    @property
    def failures(self):
        return self.tell("status")["authentications_failed"]


@pytest.mark.parametrize(
    ("access", "profile", "secrets"),
    [
        (BY_PASSWORD, BY_PASSWORD_PROFILE, PASSWORD),
        (by_keys(), BY_KEYS_PROFILE, KEYS),
        (by_keys(), IN_CLEAR_PROFILE, KEYS),
    ],
    ids=["password", "keys, ciphered", "keys, in clear"],
)
def test_a_meter_with_locks_is_read_like_any_other(access, profile, secrets):
    bench = Bench(access)

    snapshot, rows = bench.session(profile, secrets).read_all(NOW - 24 * HOUR, NOW)

    assert profile.interpret(snapshot).meter_serial == "LMP10000001"
    assert len(rows) == 24
    assert (bench.failures, bench.tell("status")["is_associated"]) == (0, False)


@pytest.mark.parametrize("profile", [BY_KEYS_PROFILE, IN_CLEAR_PROFILE])
def test_a_month_is_read_in_blocks(profile):
    _, rows = Bench(by_keys()).session(profile, KEYS).read_all(NOW - timedelta(days=30), NOW)

    assert len(rows) == 30 * 24


def test_the_public_client_reads_nothing_that_is_behind_a_lock():
    with pytest.raises(MeterRefused, match="read-write-denied"):
        Bench(BY_PASSWORD).session(load_profile("lamplight-sim"), MeterSecrets()).read_now()


@pytest.mark.parametrize("profile", [BY_KEYS_PROFILE, IN_CLEAR_PROFILE])
@pytest.mark.parametrize(
    "secrets", [WRONG, MeterSecrets(key=Secret(KEY), auth_key=Secret(bytes(16)))], ids=["key", "auth key"]
)
def test_a_wrong_key_is_offered_once_and_told_in_one_line(profile, secrets):
    bench = Bench(by_keys())

    with pytest.raises(SecretRefused, match="does not take our keys") as refused:
        bench.session(profile, secrets).read_now()

    assert bench.failures == 1
    assert "\n" not in str(refused.value)
    assert bench.head.is_closed


def test_a_wrong_password_is_told_apart_from_a_client_that_is_none():
    bench = Bench(BY_PASSWORD)

    with pytest.raises(SecretRefused, match="password: authentication-failure"):
        bench.session(BY_PASSWORD_PROFILE, MeterSecrets(password=Secret(b"sesame"))).read_now()


def test_a_wrong_key_is_not_offered_at_every_poll_and_a_silent_meter_is_still_heard_to_be_silent():
    bench = Bench(by_keys())
    session = bench.session(BY_KEYS_PROFILE, WRONG)
    faults = []
    for _minute in range(14):
        with pytest.raises(MeterRefused) as refused:
            session.read_now()
        faults.append(refused.value.fault)
        bench.clock.seconds += 60

    assert (bench.failures, set(faults)) == (1, {LinkFault.REFUSED})
    assert "offered again after 2026-11-21 18:45 UTC" in str(refused.value)
    bench.tell("supply", "off")
    with pytest.raises(MeterSilent):
        session.read_now()


def test_a_wrong_key_is_offered_three_times_within_the_hour_and_then_once_a_day():
    bench = Bench(by_keys())
    session = bench.session(BY_KEYS_PROFILE, WRONG)
    failures_by_quarter = []
    for _quarter in range(2 * 24 * 4):
        with pytest.raises(MeterRefused):
            session.read_now()
        failures_by_quarter.append(bench.failures)
        bench.clock.seconds += 900

    offered_at = [failures_by_quarter.index(number) * 15 for number in range(1, bench.failures + 1)]
    assert offered_at == [0, 15, 45, 45 + 24 * 60]
    assert bench.failures < MAX_FAILURES


def test_a_locked_meter_is_read_again_once_it_unlocks():
    bench = Bench(by_keys())
    session = bench.session(BY_KEYS_PROFILE, KEYS)
    bench.tell("lock", "600")
    with pytest.raises(SecretRefused, match="for now"):
        session.read_now()

    bench.clock.seconds += 901

    assert session.read_now().answers


@pytest.mark.parametrize("was_cut_off_as", [BY_KEYS_PROFILE, load_profile("lamplight-sim")], ids=["ours", "public"])
def test_a_meter_held_by_a_session_that_was_cut_off_is_read_by_the_next(monkeypatch, was_cut_off_as):
    bench = Bench(by_keys())
    with monkeypatch.context() as killed:
        killed.setattr(LinkDriver, "disconnect", lambda _driver: None)
        killed.setattr(Association, "release", lambda _association: None)
        with suppress(MeterRefused):
            bench.session(was_cut_off_as, KEYS if was_cut_off_as is BY_KEYS_PROFILE else MeterSecrets()).read_now()

    after = InvocationCounter(bench.kept[-1] if bench.kept else KeptCounter(), bench.kept.append)

    assert bench.session(BY_KEYS_PROFILE, KEYS, counter=after).read_now().answers
    assert bench.failures == 0


class TestTheCounter:
    def test_is_learnt_from_the_meter_once(self):
        bench = Bench(by_keys(), heard=5_000)
        session = bench.session(BY_KEYS_PROFILE, KEYS)

        session.read_now()
        session.read_now()

        assert bench.kept == [KeptCounter(reserved=6_000, told=5_000)]
        assert bench.failures == 0

    def test_goes_on_behind_what_was_reserved_before_a_restart(self):
        bench = Bench(by_keys())
        bench.session(BY_KEYS_PROFILE, KEYS).read_now()
        after = InvocationCounter(bench.kept[-1], bench.kept.append)

        bench.session(BY_KEYS_PROFILE, KEYS, counter=after).read_now()

        assert after.take() > bench.kept[0].reserved
        assert bench.failures == 0

    def test_of_a_reader_that_was_overtaken_by_the_utility_is_learnt_anew(self):
        bench = Bench(by_keys())
        ours = bench.session(BY_KEYS_PROFILE, KEYS)
        ours.read_now()
        utilitys = InvocationCounter(KeptCounter(reserved=50_000), lambda _: None)
        bench.session(BY_KEYS_PROFILE, KEYS, counter=utilitys).read_now()

        with pytest.raises(MeterRefused, match="counter is behind"):
            ours.read_now()

        assert ours.read_now().answers

    def test_that_went_back_is_not_believed_and_the_key_is_not_used(self):
        bench = Bench(by_keys())
        suspicious = InvocationCounter(KeptCounter(reserved=1_000, told=900), bench.kept.append)

        with pytest.raises(MeterRefused, match="went back from 900 to 0"):
            bench.session(BY_KEYS_PROFILE, KEYS, counter=suspicious).read_now()

        assert (bench.kept, bench.failures) == ([], 0)

    def test_that_cannot_be_kept_is_not_used(self):
        def full(_kept):
            raise EnvironmentRefused("the disk is full", where="meter-counters.json")

        bench = Bench(by_keys())

        with pytest.raises(Exception, match="disk is full") as refused:
            bench.session(BY_KEYS_PROFILE, KEYS, counter=InvocationCounter(KeptCounter(), full)).read_now()

        assert refused.value.fault is LinkFault.PORT_GONE
        assert bench.failures == 0

    def test_that_is_used_up_is_told(self):
        bench = Bench(by_keys(), heard=0xFFFF_FFFF)

        with pytest.raises(SecretRefused, match="all it can"):
            bench.session(BY_KEYS_PROFILE, KEYS).read_now()


def test_a_meter_without_the_keys_is_not_believed(monkeypatch):
    """Whoever takes our proof unread, and replays or makes up one of its own, is no meter of ours."""
    bench = Bench(by_keys())
    monkeypatch.setattr(bench.meter.keeper, "prove", lambda *_: bytes([0x10]) + bytes(16))

    with pytest.raises(MeterRefused, match="does not prove"):
        bench.session(BY_KEYS_PROFILE, KEYS).read_now()


@pytest.mark.parametrize(
    ("profile", "secrets", "words"),
    [
        (BY_KEYS_PROFILE, MeterSecrets(), "takes --key and --auth-key"),
        (BY_KEYS_PROFILE, PASSWORD, "takes --key and --auth-key"),
        (BY_PASSWORD_PROFILE, MeterSecrets(), "takes --password"),
        (load_profile("lamplight-sim"), PASSWORD, "takes no secret"),
        (BY_KEYS_PROFILE, MeterSecrets(key=Secret(KEY)), "a password, or two keys"),
    ],
)
def test_secrets_that_do_not_fit_the_profile_are_told_before_a_port_is_opened(profile, secrets, words):
    with pytest.raises(InputRefused, match=words):
        Bench(by_keys()).session(profile, secrets)


def test_no_object_that_holds_a_secret_shows_it():
    bench = Bench(by_keys())
    secrets = MeterSecrets(password=Secret(b"sesame"), key=Secret(KEY), auth_key=Secret(AUTH_KEY))
    seen = []
    session = bench.session(BY_KEYS_PROFILE, KEYS)
    with session._associated() as association:
        connection = association._connection
        seen += [repr(value) for value in (session, association, connection, connection.authentication)]
    password = Bench(BY_PASSWORD).session(BY_PASSWORD_PROFILE, PASSWORD)
    with password._associated() as association:
        seen += [repr(association._connection), repr(association._connection.authentication)]

    shown = " ".join([*seen, repr(secrets), repr(KEYS), repr(bench.session(BY_KEYS_PROFILE, KEYS)._identity)])
    for secret in ("sesame", KEY.hex(), repr(KEY)[2:-1], repr(AUTH_KEY)[2:-1], repr(bytearray(KEY))):
        assert secret not in shown
