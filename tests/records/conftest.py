"""A runner that answers from memory."""

from tests.support.memory import runner_of

__all__ = ["runner_of"]
