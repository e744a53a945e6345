"""Build the clients of this process from its settings: each once, when first asked for."""

import os
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextvars import copy_context
from threading import RLock
from typing import Any, TypeVar

from shared import settings as environment
from shared.qrs.access import Access, ClientCertificate
from shared.qrs.connection import Connection
from shared.qrs.tasks import Tasks
from shared.settings import Settings
from shared.use_cases.start_tasks import NoKeyValues, StartTasks

Built = TypeVar("Built")

# Two requests of a cold start must not build two pools: together they would exceed QRS_MAX_CONNECTIONS.
_building = RLock()


def _once(build: Callable[[], Built]) -> Callable[[], Built]:
    """Keep what `build` returned; an error is not kept, so that a mended setting or file is seen."""
    built: list[Built] = []

    def get() -> Built:
        with _building:
            if not built:
                built.append(build())
        return built[0]

    return get


class _Pool(ThreadPoolExecutor):
    """Threads that work in the context of the invocation that asked, so that their log lines name it."""

    def submit(self, fn: Callable[..., Built], /, *args: Any, **named: Any) -> Future[Built]:
        return super().submit(copy_context().run, fn, *args, **named)


@_once
def settings() -> Settings:
    return environment.load(os.environ)


@_once
def qrs_pool() -> Executor:
    return _Pool(settings().max_connections, thread_name_prefix="qrs")


@_once
def tasks() -> Tasks:
    return Tasks(Connection(_access(settings())), qrs_pool())


@_once
def start_tasks() -> StartTasks:
    return StartTasks(
        start_filter=settings().start_filter,
        tasks=tasks(),
        key_values=NoKeyValues(),
        pool=qrs_pool(),
        connections=settings().max_connections,
    )


def _access(settings: Settings) -> Access:
    certificate, key = settings.client_certificate, settings.client_key
    return Access(
        base_urls=settings.qrs_urls,
        user_directory=settings.user_directory,
        user_id=settings.user_id,
        client_certificate=ClientCertificate(certificate=certificate, key=key.get_secret_value())
        if certificate and key
        else None,
        root_certificate=settings.root_certificate,
        jwt=settings.jwt.get_secret_value() if settings.jwt else None,
        tls_server_name=settings.tls_server_name,
        tls_fingerprint=settings.tls_fingerprint,
        tls_verify=settings.tls_verify,
        timeout_seconds=settings.timeout_seconds,
        max_connections=settings.max_connections,
    )
