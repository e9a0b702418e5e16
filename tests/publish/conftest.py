import asyncpg
import pytest
from event_log import EventLog


@pytest.fixture
def log(connection: "asyncpg.Connection[asyncpg.Record]") -> EventLog:
    return EventLog(connection)
