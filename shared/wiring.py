"""Build the clients of this process from its settings: each once, when first needed.

What not every process needs is imported where it is built: Azure waits for the import of the app, and starting a task
by hand does not need the modules of the schedules, and the storage library only beside the look-up, for its record.
"""

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from shared import settings as environment
from shared.clock import CLOCK
from shared.core.callers import Caller, Credentials, caller_of, whoever
from shared.once import once
from shared.qrs.certificates import days_left
from shared.qrs.connection import Connection
from shared.qrs.tasks import TaskService
from shared.sense_access import access
from shared.settings import Settings
from shared.turns import Lane, Turns
from shared.use_cases.audit_trail import AuditTrail
from shared.use_cases.start_tasks import StartTasks

if TYPE_CHECKING:
    from shared.core.health import Guards
    from shared.storage.agenda import Agenda
    from shared.storage.audit import AuditStore
    from shared.storage.clock import StorageClock
    from shared.storage.history import History
    from shared.storage.key_values import KeyValueStore
    from shared.storage.schedules import ScheduleStore
    from shared.storage.table import Table
    from shared.use_cases.check_health import CachedHealth
    from shared.use_cases.daily import Daily
    from shared.use_cases.keep_key_values import KeepKeyValues
    from shared.use_cases.manage_schedules import ManageSchedules
    from shared.use_cases.tick.run_tick import RunTick


@once
def settings() -> Settings:
    """Return the settings of this process; raises SettingsError, again at each call until they are right."""
    return environment.load(os.environ)


def caller(credentials: Credentials) -> Caller:
    """Return who calls; raises CallerRefused where CALLERS names others, SettingsError where it can't be read."""
    known = environment.known_callers(os.environ)
    return whoever(credentials) if known is None else caller_of(known, credentials)


def is_entra_in_front() -> bool:
    return environment.is_entra_in_front(os.environ)


def takes_method_override() -> bool:
    return environment.takes_method_override(os.environ)


@once
def turns() -> Turns:
    return Turns(settings().max_connections)


@once
def _connection() -> Connection:
    return Connection(access(settings()))


@once
def tasks() -> TaskService:
    return TaskService(_connection(), turns().lane(Lane.LOOK_UP))


@once
def _tasks_for_health() -> TaskService:
    return TaskService(_connection(), turns().lane(Lane.HEALTH))


def start_tasks(caller: Caller) -> StartTasks:
    """Return the use case for what this caller may start."""
    return _start_tasks().asked_by(caller)


@once
def _start_tasks() -> StartTasks:
    return StartTasks(
        start_filter=settings().start_filter,
        tasks=tasks(),
        key_values=key_values,
        lone=turns().lane(Lane.LONE_START),
        bulk=turns().lane(Lane.BULK),
        connections=settings().max_connections,
        audit=audit_trail(),
    )


@once
def audit_trail() -> AuditTrail:
    return AuditTrail(audit)


def schedules(caller: Caller) -> "ManageSchedules":
    """Return the use cases for what this caller may see and schedule."""
    return _schedules().asked_by(caller)


@once
def _schedules() -> "ManageSchedules":
    from shared.use_cases.manage_schedules import ManageSchedules  # noqa: PLC0415

    return ManageSchedules(schedules=_schedule_store(), start_filter=settings().start_filter, tasks=tasks)


@once
def audit() -> "AuditStore":
    """Return the audit as it is kept."""
    from shared.storage.audit import AuditStore  # noqa: PLC0415

    return AuditStore(table=_table())


@once
def key_values() -> "KeepKeyValues":
    from shared.use_cases.keep_key_values import KeepKeyValues  # noqa: PLC0415

    return KeepKeyValues(kept=_key_value_store(), audit=audit_trail())


@once
def health() -> "CachedHealth":
    from shared.use_cases.check_health import CachedHealth, CheckHealth  # noqa: PLC0415

    return CachedHealth(
        CheckHealth(
            settings=_guards,
            sense=_tasks_for_health,
            agenda=_agenda,
            certificate_days=_certificate_days,
            is_open=environment.auth_level(os.environ) == "ANONYMOUS",
        ).run
    )


def _guards() -> "Guards":
    from shared.core.health import Guards  # noqa: PLC0415

    own = settings()
    return Guards(filters_starts=not own.start_filter.allows_everything, verifies_tls=own.tls_verify)


@once
def daily() -> "Daily":
    from shared.use_cases.daily import Daily  # noqa: PLC0415

    return Daily(
        schedules=_schedule_store(),
        key_values=_key_value_store(),
        certificate_days=_certificate_days,
        keeps_deleted=timedelta(days=settings().deleted_days),
        audit=audit(),
        keeps_audit=timedelta(days=settings().audit_days),
    )


@once
def run_tick() -> "RunTick":
    from shared.core.tick.state import Limits  # noqa: PLC0415
    from shared.use_cases.tick.dependencies import Dependencies  # noqa: PLC0415
    from shared.use_cases.tick.run_tick import RunTick  # noqa: PLC0415

    own = settings()
    limits = Limits(
        connections=own.max_connections,
        timeout=timedelta(seconds=own.timeout_seconds),
        catch_up=timedelta(seconds=own.catch_up_seconds),
    )
    by = Dependencies(
        agenda=_agenda(),
        history=_history(),
        tasks=tasks(),
        hand_over=turns().one_caller(Lane.TICK),
        clock=storage_clock(),
        machine=CLOCK,
        start_filter=own.start_filter,
        limits=limits,
    )
    return RunTick(by=by)


@once
def storage_clock() -> "StorageClock":
    from shared.storage.clock import StorageClock  # noqa: PLC0415
    from shared.storage.pool import TIME  # noqa: PLC0415

    return StorageClock(machine=CLOCK, storage=TIME)


def now() -> datetime:
    """Return the time that schedules go by on every host: that of the storage service, as far as it is known."""
    return storage_clock().now()


def _schedule_store() -> "ScheduleStore":
    from shared.storage.schedules import ScheduleStore  # noqa: PLC0415

    return ScheduleStore(table=_table(), history=_history())


def _key_value_store() -> "KeyValueStore":
    from shared.storage.key_values import KeyValueStore  # noqa: PLC0415

    return KeyValueStore(table=_table())


def _certificate_days(now: datetime) -> Mapping[str, int]:
    return days_left(access(settings()), now)


def _agenda() -> "Agenda":
    from shared.storage.agenda import Agenda  # noqa: PLC0415

    return Agenda(table=_table())


def _history() -> "History":
    from shared.storage.history import History  # noqa: PLC0415

    return History(table=_table(), ring=settings().history_rows)


@once
def _table() -> "Table":
    from shared.storage.account import open_table  # noqa: PLC0415
    from shared.storage.table import Table  # noqa: PLC0415

    own = settings()
    connection = own.storage_connection.get_secret_value() if own.storage_connection else None
    url, client_id = own.storage_table_url, own.storage_client_id
    return Table(lambda: open_table(connection=connection, url=url, client_id=client_id))
