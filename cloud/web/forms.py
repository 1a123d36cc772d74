"""Reading a posted form: small, plain, and refused when it is anything else."""

from http import HTTPStatus
from typing import Annotated, Final, TypeAlias
from urllib.parse import parse_qsl

from fastapi import Depends
from starlette.exceptions import HTTPException
from starlette.requests import Request

MAX_BODY_BYTES: Final = 16_384
_MAX_FIELDS: Final = 10
_FORM: Final = "application/x-www-form-urlencoded"


async def _fields(request: Request) -> dict[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _FORM:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send the form as {_FORM}")
    body = await request.body()
    try:
        return dict(parse_qsl(body.decode("ascii"), max_num_fields=_MAX_FIELDS, encoding="utf-8", errors="strict"))
    except ValueError as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "the form cannot be read") from error


Form: TypeAlias = Annotated[dict[str, str], Depends(_fields)]
"""The fields of a posted form, each once."""
