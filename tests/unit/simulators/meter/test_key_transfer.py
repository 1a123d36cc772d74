"""A meter is given new keys under its master key: taken whole or not at all, and remembered over a restart."""

import pytest
from cryptography.hazmat.primitives.keywrap import aes_key_wrap

from runtime.errors import InputRefused
from runtime.secret import Secret
from simulators.meter.axdr import Value
from simulators.meter.gatekeeper import Access, Authentication, Gatekeeper
from simulators.meter.security import Keys, NotOpened
from tests.fakes_access import KEYS, METER_TITLE, GmacReader, locked_server
from tests.fakes_simulators import a_life

MASTER = Secret(bytes(range(0x60, 0x70)))
NEW_KEY, NEW_AUTH_KEY = bytes(range(0x40, 0x50)), bytes(range(0x50, 0x60))
ACCESS = Access(authentication=Authentication.HLS_GMAC, keys=KEYS, master=MASTER)
CALL = "c301c1 0040 00002b0000ff 02 01"


def wrapped(key: bytes, master: Secret = MASTER) -> bytes:
    return aes_key_wrap(master.reveal(), key)


def a_keeper(kept: list[tuple[int, bytes]], access: Access = ACCESS) -> Gatekeeper:
    return Gatekeeper(
        access, METER_TITLE, heard=0, keep=lambda _: None, keep_key=lambda number, key: kept.append((number, key))
    )


def test_both_keys_are_taken_and_kept_as_they_came() -> None:
    kept: list[tuple[int, bytes]] = []
    keeper = a_keeper(kept)

    keeper.take_keys(((0, wrapped(NEW_KEY)), (2, wrapped(NEW_AUTH_KEY))))

    assert keeper._keys == Keys(encryption=Secret(NEW_KEY), authentication=Secret(NEW_AUTH_KEY))
    assert kept == [(0, wrapped(NEW_KEY)), (2, wrapped(NEW_AUTH_KEY))]


def test_after_a_restart_the_new_keys_hold() -> None:
    keeper = a_keeper([])

    keeper.remember_keys([(0, wrapped(NEW_KEY))])

    assert keeper._keys == Keys(encryption=Secret(NEW_KEY), authentication=KEYS.authentication)


def test_new_keys_that_cannot_be_opened_at_a_restart_are_told_and_not_guessed() -> None:
    with pytest.raises(InputRefused, match="cannot be opened"):
        a_keeper([]).remember_keys([(0, wrapped(NEW_KEY, Secret(bytes(16))))])


@pytest.mark.parametrize(
    ("transfer", "error"),
    [
        (((0, wrapped(NEW_KEY)), (2, bytes(24))), NotOpened),
        (((0, wrapped(bytes(32))),), NotOpened),
        (((0, b"short"),), NotOpened),
        (((1, wrapped(NEW_KEY)),), ValueError),
        ((), TypeError),
        (((0, wrapped(NEW_KEY), 1),), TypeError),
        (((0, wrapped(NEW_KEY)),) * 5, TypeError),
        (None, TypeError),
    ],
    ids=["one is false", "too long", "too short", "no such key", "none", "no pair", "too many", "nothing"],
)
def test_what_is_no_transfer_changes_nothing(transfer: Value, error: type[Exception]) -> None:
    kept: list[tuple[int, bytes]] = []
    keeper = a_keeper(kept)

    with pytest.raises(error):
        keeper.take_keys(transfer)

    assert (keeper._keys, kept) == (KEYS, [])


def test_a_meter_without_a_master_key_takes_none() -> None:
    with pytest.raises(ValueError, match="master key"):
        a_keeper([], Access(authentication=Authentication.HLS_GMAC, keys=KEYS)).take_keys(((0, wrapped(NEW_KEY)),))


def test_the_request_that_brings_a_key_is_answered_under_the_old_one_and_the_next_under_either() -> None:
    server, _ = locked_server(a_life(), Access(authentication=Authentication.HLS_GMAC, keys=KEYS, master=MASTER))
    reader = GmacReader(server)
    reader.call()
    reader.ask(reader.proof())
    transfer = bytes.fromhex(CALL) + b"\x01\x01\x02\x02\x16\x00\x09\x18" + wrapped(NEW_KEY)
    get_clock = bytes.fromhex("c001c1 0008 0000010000ff 02 00")

    assert reader.ask(transfer).hex() == "c701c10000"
    assert reader.ask(get_clock)[:4].hex() == "c401c100"
    reader.keys = Keys(encryption=Secret(NEW_KEY), authentication=KEYS.authentication)
    assert reader.ask(get_clock)[:4].hex() == "c401c100"
