"""Querysets alone: the model is the generated one."""

from typing import Self

from .._typing.users import UsersQuerySetBase


class UsersQuerySet(UsersQuerySetBase):
    def called(self, name: str) -> Self:
        return self.filter(user_name=name)
