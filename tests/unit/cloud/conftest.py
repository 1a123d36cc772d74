"""What holds for every test of the cloud: a statement is compiled once for all of them, not once for each database.

SQLAlchemy keeps what it has compiled with the engine, and a cloud opens one engine in its life; these tests open
thousands, and would spend a tenth of their time on compiling the same few hundred statements.
"""

from collections.abc import Iterator

import pytest
import sqlalchemy

from cloud.kernel import db


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
