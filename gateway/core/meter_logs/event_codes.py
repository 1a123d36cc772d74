"""What the codes in meters' event logs mean: tables as data, one file for each family of meters.

A code means something only within its log: 80 is a sag in one log of a Dutch meter and too high a voltage in another.
So the key is (family, log, code); a log named `any` holds what means the same in every log of its family. What no table
names is kept with its code and means OTHER: nothing a meter wrote is thrown away for want of a word.

The bits of alarm registers (0.0.97.98.x) stand in the same tables: register 1 is the log `alarm-1`, its bits the codes.
A utility that knows better lays its own tables over these (`over`), entry by entry.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.core.errors import Undecodable
from runtime.settings import setting
from wire.meter_log import MeterEventKind

ANY_LOG = "any"
MAX_NAME_CHARS = 24  # what an event can carry
MAX_WORDS_CHARS = 120
_MAX_CODE, _MAX_CIM_PART = 2**32, 2**16
_ALARM_BITS = 32
_KINDS = {kind.name.lower().replace("_", "-"): kind for kind in MeterEventKind}


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSettings:
    """What one code means."""

    kind: str = setting(help="what happened, in the gateway's own words", choices=tuple(_KINDS))
    words: str = setting(help="the same in the meter's terms, short")
    cim: str = setting("", help="IEC 61968-9 EndDeviceEventType, as 3.26.0.85; empty: none is known")
    phase: int = setting(0, help="the phase it is about; 0: none, or all", minimum=0, maximum=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilySettings:
    """A file of codes."""

    family: str = setting(help="the family of meters, as profiles name it in [logs.NAME]")
    title: str = setting("", help="the family for people")
    logs: dict[str, dict[str, CodeSettings]] | None = setting(None, help="for each log, what each code means")


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a code means: our kind, short words, the CIM type and the phase, where there are any."""

    kind: MeterEventKind
    words: str
    cim: tuple[int, ...] | None = None
    phase: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCodes:
    """Every table that is known."""

    meanings: Mapping[tuple[str, str, int], Meaning]
    families: frozenset[str]

    def meaning(self, family: str, log: str, code: int) -> Meaning:
        """What `code` in this log of this family means."""
        known = self.meanings.get((family, log, code)) or self.meanings.get((family, ANY_LOG, code))
        return known or Meaning(kind=MeterEventKind.OTHER, words=f"code {code}")

    def alarms_of(self, family: str, register: int, value: int) -> tuple[tuple[int, Meaning], ...]:
        """The bits set in alarm register 1, 2, ... of this family, lowest first, with what each means."""
        log = alarm_log(register)
        bits = (bit for bit in range(_ALARM_BITS) if value >> bit & 1)
        unknown = Meaning(kind=MeterEventKind.OTHER, words="an alarm nobody has told us of")
        return tuple((bit, self.meanings.get((family, log, bit), unknown)) for bit in bits)

    def over(self, other: "EventCodes") -> "EventCodes":
        """These tables, and where they say nothing the `other` ones."""
        return EventCodes(meanings={**other.meanings, **self.meanings}, families=other.families | self.families)


NO_CODES = EventCodes(meanings={}, families=frozenset())


def alarm_log(register: int) -> str:
    """Under which name a family's table holds the bits of this alarm register.

    >>> alarm_log(1)
    'alarm-1'
    """
    return f"alarm-{register}"


def event_codes(files: Iterable[FamilySettings]) -> EventCodes:
    """The tables of these files, a later one laid over an earlier; raises Undecodable for what is no code or type."""
    meanings: dict[tuple[str, str, int], Meaning] = {}
    families = set()
    for settings in files:
        _check_name(settings.family)
        families.add(settings.family)
        for log, codes in (settings.logs or {}).items():
            _check_name(log)
            _check_codes(log, codes)
            for code, meaning in codes.items():
                meanings[settings.family, log, _code(log, code)] = _meaning(meaning)
    return EventCodes(meanings=meanings, families=frozenset(families))


def _check_name(name: str) -> None:
    if not 0 < len(name) <= MAX_NAME_CHARS or not name.isprintable():
        raise Undecodable(f"{name!r:.40} is no name of a family or log", do=f"give 1 to {MAX_NAME_CHARS} characters")


def _check_codes(log: str, codes: Mapping[str, CodeSettings]) -> None:
    """Raise Undecodable where a code stands twice, as 7 and 07, or its words are no words."""
    seen: dict[int, str] = {}
    for text, meaning in codes.items():
        code = _code(log, text)
        if code in seen:
            raise Undecodable(f"code {code} stands twice in log {log}: {seen[code]}, {text}", do="leave one of them")
        seen[code] = text
        if not 0 < len(meaning.words) <= MAX_WORDS_CHARS or not meaning.words.isprintable():
            do = f"write 1 to {MAX_WORDS_CHARS} characters on one line"
            raise Undecodable(f"the words of code {code} in log {log} cannot be shown", do=do)


def _code(log: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 10 and int(text) <= _MAX_CODE):
        raise Undecodable(f"{text!r:.40} in log {log} is no event code", do="write a whole number, as 42")
    return int(text)


def _meaning(settings: CodeSettings) -> Meaning:
    return Meaning(
        kind=_KINDS[settings.kind],
        words=settings.words,
        cim=_cim(settings.cim) if settings.cim else None,
        phase=settings.phase or None,
    )


def _cim(text: str) -> tuple[int, ...]:
    parts = text.split(".")
    if len(parts) != 4 or not all(part.isascii() and part.isdecimal() and len(part) <= 5 for part in parts):
        raise Undecodable(f"{text!r:.40} is no CIM event type", do="write four numbers, as 3.26.0.85")
    numbers = tuple(map(int, parts))
    if max(numbers) > _MAX_CIM_PART:
        raise Undecodable(f"{text!r:.40} is no CIM event type", do=f"no part is above {_MAX_CIM_PART}")
    return numbers
