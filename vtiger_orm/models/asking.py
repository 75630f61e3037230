"""Whom a queryset asks: its own session, or the one found in the context."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from ..calls.environment import Environment
from ..errors import NoSession
from ..records.handle import package_of
from .building import BuildingQuerySet
from .query_state import QueryState

if TYPE_CHECKING:
    from ..calls.plans import Plan
    from ..calls.protocols import Runner

R = TypeVar("R")


class Asking:
    """What has the state of a queryset, finds its session and hands plans to it."""

    __slots__ = ()

    _state: QueryState

    def _runner(self) -> Runner:
        state = self._state
        return state.session if state.session is not None else package_of(state.model).runner()

    def _environment(self) -> Environment:
        """The session's, or what the package knows where there is no session yet."""
        try:
            return self._runner().environment
        except NoSession:
            return Environment.of(package_of(self._state.model).server)

    def _run(self, plan: Callable[[Runner], Plan[R]]) -> R:
        runner = self._runner()
        return runner.run(plan(runner))

    async def _arun(self, plan: Callable[[Runner], Plan[R]]) -> R:
        runner = self._runner()
        return await runner.arun(plan(runner))


class AskingQuerySet(BuildingQuerySet, Asking):
    """A queryset that can ask."""

    __slots__ = ()


def asked(queryset: Asking, plan: Callable[[Runner], Plan[R]]) -> R:
    """What the session of the queryset makes of the plan."""
    return queryset._run(plan)


async def awaited(queryset: Asking, plan: Callable[[Runner], Plan[R]]) -> R:
    """`asked`, awaited."""
    return await queryset._arun(plan)


def runner_of(queryset: Asking) -> Runner:
    """The session that the queryset asks. Raises `NoSession`."""
    return queryset._runner()


def environment_for(queryset: Asking) -> Environment:
    """What its plans are made with: the session's, or what the package knows."""
    return queryset._environment()


def sized(runner: Runner, page_size: int | None) -> Environment:
    """The session's environment, with smaller pages if asked for."""
    env = runner.environment
    if page_size is None or page_size >= env.page_size:
        return env
    return replace(env, page_size=page_size)
