"""What holds for every test of the cloud: what is dear to make is made once, and each has its own copy.

SQLAlchemy keeps what it has compiled with the engine, and a cloud opens one engine in its life; these tests open
thousands, and would spend a tenth of their time on compiling the same few hundred statements.
"""

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pytest
import sqlalchemy

from cloud.kernel import db
from cloud.state import StateFolder


@pytest.fixture(scope="session", autouse=True)
def statements_are_compiled_once() -> Iterator[None]:
    first = sqlalchemy.create_engine("sqlite://")
    first.connect().close()  # now its dialect knows which SQLite this is
    compiled: dict[object, object] = {}

    def create_engine(*words: object, **named: object) -> sqlalchemy.Engine:
        engine = sqlalchemy.create_engine(*words, **named)
        engine.dialect = first.dialect
        engine.update_execution_options(compiled_cache=compiled)
        return engine

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(db, "create_engine", create_engine)
        yield
    first.dispose()


@pytest.fixture(scope="session")
def folder_as_made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return StateFolder.create(tmp_path_factory.mktemp("made") / "cloud", {}).path


@pytest.fixture
def state(folder_as_made: Path, tmp_path: Path) -> StateFolder:
    """A state folder of the test's own, with every setting as it is by default."""
    return StateFolder.open(Path(copytree(folder_as_made, tmp_path / "cloud")))
