"""The gateway's settings, each declared once with its unit, its default, its bounds and what it is for.

`DIR/gateway.toml` holds them; paths in it are relative to its folder. What is not here on purpose: the meters, which a
technician adds and which tell their serial number (the registry), and the broker's password, which the utility hands
out (the enrolment). A missing file of settings is an error; a missing setting has its default.
"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from gateway.core.schedule import Cadence
from runtime.durable import write_atomically
from runtime.errors import InputRefused, SettingsError
from runtime.logs import LEVELS
from runtime.settings import from_table, load, quoted, setting, written_table
from wire.envelope import MAX_ENVELOPE_BYTES

SETTINGS_FILE = "gateway.toml"
CHANGEABLE = (
    "heartbeat_s",
    "log_level",
    "meter.poll_interval_s",
    "meter.close_interval_s",
    "meter.pushed_interval_s",
    "meter.log_interval_s",
)
"""What a command may change, within the bounds that hold for everybody: how often, and how much is said."""
_ORDERED_HEAD = "# Ordered by command and laid over gateway.toml; without this file that alone holds.\n"
_MOST_DIGITS = 10
_YEAR_S = 366 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSettings:
    """Where the gateway keeps what it must not lose."""

    key: Path = setting(Path("key.pem"), help="the gateway's private key, of mode 0600")
    sealing_key: Path = setting(
        Path("sealing-key.pem"), help="the first key, once another one signs: it seals the meters' secrets"
    )
    public_key: Path = setting(Path("gateway.pub.pem"), help="the first public key: the gateway's name is made of it")
    journal: Path = setting(Path("journal.sqlite"), help="sealed events, chain heads and conclusions")
    registry: Path = setting(Path("registry.json"), help="the meters this gateway reads")
    meter_keys: Path = setting(Path("meter-keys"), help="passwords and keys of the meters, sealed, of mode 0600")
    meter_counters: Path = setting(Path("meter-counters.json"), help="how far the counters of those keys have come")
    commands: Path = setting(Path("commands.json"), help="which commands were taken, so that none is taken again")
    ordered: Path = setting(Path("ordered.toml"), help="settings that were changed by command")
    enrolment: Path = setting(
        Path("enrolment.toml"), help="broker, what opens it (tls.pem beside it), and the cloud's receipt key; mode 0600"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningSettings:
    """What holds the key that the gateway signs with, from its next change of keys on: `key rotate`."""

    keeper: str = setting("file", help="where the next key is made", choices=("file", "tpm2", "pkcs11"))
    tpm: str = setting("device:/dev/tpmrm0", help="the TPM 2.0, as tpm2-tools name it")
    pkcs11_module: Path | None = setting(None, help="the module of the token's maker, as /usr/lib/.../libsofthsm2.so")
    pkcs11_token: str = setting("lamplight", help="the token's label")
    pkcs11_pin_file: Path | None = setting(None, help="the token's PIN, in a file of mode 0600")


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterSettings:
    """How often meters are read."""

    poll_interval_s: float = setting(60.0, help="from one reading to the next", minimum=1, maximum=86_400)
    pushed_interval_s: float = setting(
        900.0, help="the same of a meter that pushes what it measures", minimum=1, maximum=86_400
    )
    close_interval_s: float = setting(
        5.0, help="the same while a verdict or a restoration waits for the meter", minimum=1, maximum=3_600
    )
    longest_back_off_s: float = setting(
        300.0, help="at most this between two attempts at a silent meter", minimum=1, maximum=86_400
    )
    most_held_percent: int = setting(
        80, help="of a meter's time; its utility's own reader has the rest", minimum=5, maximum=95
    )
    read_deadline_s: float = setting(60.0, help="machine seconds one reading may take", minimum=5, maximum=600)
    set_clock: bool = setting(False, help="whether a meter's clock that is off is set; else it is only looked at")
    set_clock_beyond_s: float = setting(60.0, help="a clock less off than this is left alone", minimum=5, maximum=3_600)
    set_clock_up_to_s: float = setting(900.0, help="one more off is left to a person", minimum=5, maximum=3_600)
    backfill_days: int = setting(
        31, help="how much of a new meter's load profile is taken over", minimum=0, maximum=366
    )
    log_interval_s: float = setting(
        900.0, help="how often the meter's own event logs are looked at", minimum=10, maximum=86_400
    )
    log_days: int = setting(31, help="how many days of a new meter's event logs are taken over", minimum=1, maximum=366)
    event_codes: Path | None = setting(
        None, help="a file, or a folder of files, with event codes of your own, laid over those that come along"
    )
    time_zone: str = setting("UTC", help="where the homes are, as Europe/Madrid: in its hours their use is watched")

    @property
    def cadence(self) -> Cadence:
        """How often each meter is read."""
        return Cadence(
            routine=timedelta(seconds=self.poll_interval_s),
            close=timedelta(seconds=self.close_interval_s),
            pushed=timedelta(seconds=self.pushed_interval_s),
            longest_back_off=timedelta(seconds=self.longest_back_off_s),
            most_held_percent=self.most_held_percent,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSettings:
    """The probe that senses the gateway's own supply."""

    port: str = setting("", help="its serial port, as /dev/serial0; empty: no probe, and no supply events")
    baud: int = setting(115_200, help="its speed", minimum=1_200, maximum=921_600)


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplySettings:
    """When supply counts as lost, and when as restored. The voltage band belongs to the meter's profile."""

    hold_off_s: float = setting(2.0, help="supply away for less than this only dipped", minimum=0, maximum=45)
    restored_hold_s: float = setting(
        60.0, help="supply is restored after this long in band without a break", minimum=1, maximum=3_600
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class UplinkSettings:
    """The way to the cloud; machine seconds, where nothing else is said."""

    window_rows: int = setting(64, help="rows of a lane on the way at a time", minimum=1, maximum=100)
    resend_after_s: float = setting(
        2.0, help="wait for a receipt; after three it doubles each time", minimum=0.5, maximum=600
    )
    longest_resend_s: float = setting(60.0, help="longest wait for a receipt", minimum=1, maximum=3_600)
    reconnect_after_s: float = setting(
        1.0, help="first wait for the broker; doubles each time", minimum=0.1, maximum=60
    )
    longest_reconnect_s: float = setting(30.0, help="longest wait for the broker", minimum=1, maximum=600)
    keepalive_s: int = setting(30, help="MQTT keep-alive", minimum=5, maximum=600)
    mqtt: str = setting("5", help="version of MQTT tried first; where it is not known, 3.1.1", choices=("5", "3.1.1"))
    largest_message_bytes: int = setting(
        MAX_ENVELOPE_BYTES,
        help="set aside what is larger; for a broker that throws such away unsaid",
        minimum=1_024,
        maximum=MAX_ENVELOPE_BYTES,
    )
    fault_after_s: float = setting(
        30.0, help="away for this long, of the wall clock, with supply there is a fault", minimum=1, maximum=3_600
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalSettings:
    """How much may wait for the cloud; alarms always may."""

    readings_mb: int = setting(
        64, help="beyond this the oldest readings are given up, and the cloud is told which", minimum=1, maximum=4_096
    )
    diagnostics_mb: int = setting(8, help="the same for diagnostics", minimum=1, maximum=1_024)
    group_s: float = setting(
        2.0, help="machine seconds readings may wait to be written together; alarms never do", minimum=0, maximum=60
    )
    ballast_mb: int = setting(
        4,
        help="room on the disk that is held for alarms; 0: none, and a full disk takes nothing",
        minimum=0,
        maximum=64,
    )
    history_rows: int = setting(
        200, help="rows of a lane kept after their receipt, to look at", minimum=0, maximum=10_000
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSettings:
    """What the gateway's clock is set by: sealed into every event."""

    source: str = setting("ntp", help="what sets it", choices=("none", "rtc", "ntp"))
    uncertainty_ms: int = setting(500, help="how far it may be off", minimum=0, maximum=_YEAR_S * 1000)

    @property
    def trusted_within_ms(self) -> int:
        """How far it may be off: a year, where nothing sets it."""
        return _YEAR_S * 1000 if self.source == "none" else self.uncertainty_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """Everything that can be set."""

    log_level: str = setting("info", help="how much is said on standard error", choices=LEVELS)
    heartbeat_s: float = setting(300.0, help="how often the chain heads are told", minimum=10, maximum=86_400)
    files: FileSettings
    signing: SigningSettings
    meter: MeterSettings
    probe: ProbeSettings
    supply: SupplySettings
    uplink: UplinkSettings
    journal: JournalSettings
    clock: ClockSettings

    @property
    def heartbeat(self) -> timedelta:
        """From one heartbeat to the next."""
        return timedelta(seconds=self.heartbeat_s)


def load_settings(path: Path) -> GatewaySettings:
    """The settings of the state folder, or in the file, at `path`; raises SettingsError or InputRefused.

    What was ordered by command is laid over them (`order_setting`).
    """
    settings = _own_settings(path)
    ordered = settings.files.ordered
    return _with(settings_file(path), ordered, _ordered(ordered)) if ordered.exists() else settings


def order_setting(path: Path, name: str, value: str | None) -> GatewaySettings:
    """Let a setting have this value from now on, or again its own (None); the settings as they are then.

    It is written in one step, in a file of its own beside what a person wrote. Raises InputRefused for one that is not
    changed from afar, SettingsError for a value it cannot have, EnvironmentRefused as the disk says.
    """
    if name not in CHANGEABLE:
        raise InputRefused(
            "this setting is not changed from afar", where=name, do=f"these are: {', '.join(CHANGEABLE)}"
        )
    ordered = _own_settings(path).files.ordered
    rows = _ordered(ordered) if ordered.exists() else {}
    rows.pop(name, None)
    if value is not None:
        rows[name] = int(value) if value.isascii() and value.isdecimal() and len(value) < _MOST_DIGITS else value
    settings = _with(settings_file(path), ordered, rows)
    lines = [f"{each} = {quoted(said) if isinstance(said, str) else said}\n" for each, said in rows.items()]
    write_atomically(ordered, "".join([_ORDERED_HEAD, *lines]).encode())
    return settings


def _own_settings(path: Path) -> GatewaySettings:
    """What a person wrote."""
    file = settings_file(path)
    if not file.exists():
        raise InputRefused("there is no gateway here", where=str(path), do="make one: lamplight-gateway init DIR")
    return load(GatewaySettings, file)


def _ordered(file: Path) -> dict[str, Any]:
    """What was ordered, by the settings' whole names; raises SettingsError for anything but that."""
    table = written_table(file)
    rows = {name: value for name, value in table.items() if not isinstance(value, dict)}
    for name, inner in table.items():
        rows |= {f"{name}.{each}": value for each, value in inner.items()} if isinstance(inner, dict) else {}
    unknown = [name for name in rows if name not in CHANGEABLE]
    if unknown:
        do = f"this file holds what was ordered; write it into {SETTINGS_FILE}"
        raise SettingsError(f"{unknown[0]} is not changed from afar", where=str(file), do=do)
    return rows


def _with(file: Path, ordered: Path, rows: dict[str, Any]) -> GatewaySettings:
    """The settings of a file with those rows laid over them; the file by itself can be read."""
    table = written_table(file)
    for name, value in rows.items():
        *tables, last = name.split(".")
        inner = table
        for each in tables:
            inner = inner.setdefault(each, {})
        inner[last] = value
    try:
        return from_table(GatewaySettings, table, file)
    except SettingsError as error:
        where = error.where.replace(str(file), str(ordered))
        raise SettingsError(error.what, where=where, do=error.do) from None


def settings_file(path: Path) -> Path:
    """Where the settings stand that a person named by their folder, or by the file itself."""
    return path / SETTINGS_FILE if path.is_dir() else path
