"""GET, SET and ACTION (IEC 62056-53, A-XDR): requests to values, results to response bytes.

What cannot be read is refused as a whole with `ApduRefused`, whose two numbers go into an exception-response.
What can be read but not granted is a `DataAccessResult` in an ordinary response, and is the server's business.
"""

from dataclasses import dataclass
from enum import IntEnum

from simulators.meter.axdr import Cursor, NotAxdr, Value, length

GET_REQUEST, SET_REQUEST, ACTION_REQUEST = 0xC0, 0xC1, 0xC3
GET_RESPONSE, SET_RESPONSE, ACTION_RESPONSE = 0xC4, 0xC5, 0xC7
EXCEPTION_RESPONSE = 0xD8
READ_REQUEST, WRITE_REQUEST = 0x05, 0x06
CONFIRMED_SERVICE_ERROR = 0x0E
MAX_LIST = 64
# Tag, choice, invoke id, last-block, block number, choice.
_BLOCK_HEAD_BYTES = 3 + 1 + 4 + 1

_NORMAL, _NEXT_OR_BLOCK, _WITH_LIST = 0x01, 0x02, 0x03
_DATA, _RESULT = 0x00, 0x01


class DataAccessResult(IntEnum):
    """Why an attribute was not given (or SUCCESS)."""

    SUCCESS = 0
    READ_WRITE_DENIED = 3
    OBJECT_UNDEFINED = 4
    OBJECT_CLASS_INCONSISTENT = 9
    OBJECT_UNAVAILABLE = 11
    TYPE_UNMATCHED = 12
    SCOPE_OF_ACCESS_VIOLATED = 13
    DATA_BLOCK_UNAVAILABLE = 14
    NO_LONG_GET_IN_PROGRESS = 16
    DATA_BLOCK_NUMBER_INVALID = 19
    OTHER_REASON = 250


class StateError(IntEnum):
    """The first number of an exception-response."""

    SERVICE_NOT_ALLOWED = 1
    SERVICE_UNKNOWN = 2


class ServiceError(IntEnum):
    """The second number of an exception-response."""

    OPERATION_NOT_POSSIBLE = 1
    SERVICE_NOT_SUPPORTED = 2
    OTHER_REASON = 3
    DECIPHERING_ERROR = 5
    INVOCATION_COUNTER_ERROR = 6


class ApduRefused(ValueError):
    """The request as a whole is refused; the catcher answers with an exception-response."""

    def __init__(self, state: StateError, service: ServiceError, counter: int | None = None) -> None:
        """`counter`: the last invocation counter this meter took, where one too low is refused."""
        super().__init__(f"{state.name} {service.name}")
        self.state = state
        self.service = service
        self.counter = counter


class AccessDenied(Exception):
    """One attribute cannot be given; the catcher puts the result in its place and goes on with the others."""

    def __init__(self, result: DataAccessResult) -> None:
        super().__init__(result.name)
        self.result = result


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Selective access: 1 by range, 2 by entry, with its parameters."""

    selector: int
    parameters: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An attribute or method of an object, and which part of it."""

    class_id: int
    obis: bytes
    member: int
    selection: Selection | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Get:
    """GET of one attribute, or of several at once."""

    invoke_id: int
    targets: tuple[Target, ...]
    is_list: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GetNext:
    """The block the reader has; it wants the one behind it."""

    invoke_id: int
    block_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """SET or ACTION on one target."""

    service: int
    invoke_id: int
    target: Target
    parameters: Value = None


Request = Get | GetNext | Change
Result = bytes | DataAccessResult


def parse(apdu: bytes) -> Request:
    """Read a GET, SET or ACTION request; raises ApduRefused when it is cut off or of a form this meter lacks."""
    cursor = Cursor(apdu)
    try:
        service, choice, invoke_id = cursor.unsigned(), cursor.unsigned(), cursor.unsigned()
        request = _parse_choice(cursor, service, choice, invoke_id)
    except NotAxdr as error:
        raise ApduRefused(StateError.SERVICE_NOT_ALLOWED, ServiceError.OTHER_REASON) from error
    return request


def _parse_choice(cursor: Cursor, service: int, choice: int, invoke_id: int) -> Request:
    if choice == _NORMAL and service == GET_REQUEST:
        return Get(invoke_id=invoke_id, targets=(_target(cursor, has_selection=True),), is_list=False)
    if choice == _NORMAL and service in (SET_REQUEST, ACTION_REQUEST):
        target = _target(cursor, has_selection=service == SET_REQUEST)
        has_value = service == SET_REQUEST or cursor.unsigned()
        parameters = cursor.value() if has_value else None
        return Change(service=service, invoke_id=invoke_id, target=target, parameters=parameters)
    if choice == _NEXT_OR_BLOCK and service == GET_REQUEST:
        return GetNext(invoke_id=invoke_id, block_number=cursor.unsigned(4))
    if choice == _WITH_LIST and service == GET_REQUEST:
        count = cursor.length()
        if count > MAX_LIST:
            raise ApduRefused(StateError.SERVICE_NOT_ALLOWED, ServiceError.OPERATION_NOT_POSSIBLE)
        targets = tuple(_target(cursor, has_selection=True) for _ in range(count))
        return Get(invoke_id=invoke_id, targets=targets, is_list=True)
    raise ApduRefused(StateError.SERVICE_NOT_ALLOWED, ServiceError.SERVICE_NOT_SUPPORTED)


def _target(cursor: Cursor, *, has_selection: bool) -> Target:
    class_id, obis, member = cursor.unsigned(2), cursor.take(6), cursor.unsigned()
    selection = None
    if has_selection and cursor.unsigned():
        selection = Selection(selector=cursor.unsigned(), parameters=cursor.value())
    return Target(class_id=class_id, obis=obis, member=member, selection=selection)


def get_response(invoke_id: int, result: Result) -> bytes:
    """The answer to a GET of one attribute."""
    return bytes((GET_RESPONSE, _NORMAL, invoke_id)) + get_data_result(result)


def get_list_response(invoke_id: int, results: bytes) -> bytes:
    """The answer to a GET of several, from what `get_data_results` made of them."""
    return bytes((GET_RESPONSE, _WITH_LIST, invoke_id)) + results


def get_data_results(results: tuple[Result, ...]) -> bytes:
    """Several results, counted."""
    return length(len(results)) + b"".join(get_data_result(result) for result in results)


def get_data_result(result: Result) -> bytes:
    """The data itself, or why there is none."""
    if isinstance(result, DataAccessResult):
        return bytes((_RESULT, result))
    return bytes((_DATA,)) + result


def get_block_response(invoke_id: int, block_number: int, block: Result, *, is_last: bool) -> bytes:
    """One block of a long answer, or why there is none."""
    head = bytes((GET_RESPONSE, _NEXT_OR_BLOCK, invoke_id, is_last)) + block_number.to_bytes(4, "big")
    if isinstance(block, DataAccessResult):
        return head + bytes((_RESULT, block))
    return head + bytes((_DATA,)) + length(len(block)) + block


def block_bytes(max_pdu_bytes: int) -> int:
    """How much of a long answer fits into one block.

    >>> block_bytes(12), block_bytes(1024)
    (2, 1012)
    """
    room = max_pdu_bytes - _BLOCK_HEAD_BYTES
    return room - len(length(room - 1))


def change_response(request: Change, result: DataAccessResult) -> bytes:
    """The answer to a SET or an ACTION; an action's numbers are the same, and it returns nothing."""
    if request.service == SET_REQUEST:
        return bytes((SET_RESPONSE, _NORMAL, request.invoke_id, result))
    return bytes((ACTION_RESPONSE, _NORMAL, request.invoke_id, result, 0x00))


def action_returned(request: Change, data: bytes) -> bytes:
    """The answer to an ACTION that gives something back."""
    return bytes((ACTION_RESPONSE, _NORMAL, request.invoke_id, DataAccessResult.SUCCESS, 0x01, _DATA)) + data


def exception_response(refused: ApduRefused) -> bytes:
    """The answer to what cannot be answered."""
    counter = b"" if refused.counter is None else refused.counter.to_bytes(4, "big")
    return bytes((EXCEPTION_RESPONSE, refused.state, refused.service)) + counter


def short_name_error(service: int) -> bytes:
    """The answer to READ and WRITE, the services of short names: a service error, "service unsupported"."""
    return bytes((CONFIRMED_SERVICE_ERROR, service, 0x03, 0x02))
