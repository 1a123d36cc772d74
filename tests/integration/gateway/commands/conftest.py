"""A gateway that was made, and what the utility hands out for it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.adapters.keys import load_key
from runtime import logs
from tests.integration.gateway.commands.typed import METER, command
from wire.ids import gateway_id_of
from wire.keys import SoftwareSigner


@pytest.fixture(autouse=True)
def quiet_again() -> Iterator[None]:
    """A gateway that ran here said how much it logs; the next command says it anew."""
    yield
    logs.set_level("notset")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gateway that was made and has one meter, once for all tests: each changes a copy."""
    folder = tmp_path_factory.mktemp("made") / "gateway"
    assert command("init", folder, *METER, "--probe", "/dev/ttyUSB8") == 0
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A gateway that was made and has one meter."""
    return shutil.copytree(made, tmp_path / "gateway")


@pytest.fixture
def enrolment(folder: Path, tmp_path: Path) -> Path:
    """What the utility hands out for this gateway."""
    gateway = gateway_id_of(load_key(folder / "key.pem").public.spki)
    receipt_key = SoftwareSigner.generate().public.to_pem().decode()
    file = tmp_path / "enrolment.toml"
    file.write_text(
        f'gateway_id = "{gateway}"\n[mqtt]\nhost = "127.0.0.1"\nport = 1\nusername = "{gateway}"\n'
        f'password = "correct horse"\n[cloud]\nreceipt_public_key = """{receipt_key}"""\n'
    )
    return file
