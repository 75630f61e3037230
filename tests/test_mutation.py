"""The mutation run: which changes there are, and that a fork runs the changed code."""

from __future__ import annotations

import os
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from signal import SIGKILL
from types import ModuleType

from tests.mutation import (
    BROKEN,
    KILLED,
    STOPPED,
    SURVIVED,
    functions_of,
    import_changed,
    in_a_fork,
    put_in_place,
)
from tests.support.source_changes import changes_of

SOURCE = '''\
"""Words 1."""
OVERLAP = timedelta(seconds=5)  # of "é"


class Policy:
    """Words 2."""

    attempts: int = 3

    @property
    def over(self) -> bool:
        return self.attempts >= len("é") and not (
            self.a or b
        )

    def wait(self, of: float = 1.5) -> None:
        if of:
            raise ValueError("words", of - 7)
        self.of += 1
'''


def test_changes_are_of_code_and_not_of_words() -> None:
    found = list(changes_of(Path("a.py"), SOURCE))
    before = SOURCE.splitlines()
    for each in found:
        each.compiled()
        assert each.source.splitlines()[: each.line - 1] == before[: each.line - 1]
    assert {each.line for each in found if not each.in_function} == {2, 8, 16}
    changed = {(each.line, each.old.strip(), each.new.strip()) for each in found}
    assert {
        (2, "timedelta(seconds=5)", "timedelta()"),
        (8, "3", "(4)"),
        (12, '>= len("é")', '< len("é")'),
        (12, '"é"', "'éXX'"),
        (13, "self.a or b", "self.a"),
        (16, "1.5", "(2.5)"),
        (17, "of", "True"),
        (18, 'raise ValueError("words", of - 7)', "pass"),
        (18, "of - 7", "of + 7"),
        (19, "self.of += 1", "self.of = 1"),
    } <= changed
    assert not any("ordsXX" in new or new == "None" for _, _, new in changed)


MODULE = """\
class Thing:
    @property
    def size(self):
        return 4

    @size.setter
    def size(self, value):
        self.is_set = value
"""


def loaded(file: Path) -> ModuleType:
    spec = spec_from_file_location("changed", file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_functions_that_live_get_the_changed_code_in_a_fork_alone(tmp_path: Path) -> None:
    file = tmp_path / "changed.py"
    file.write_text(MODULE, encoding="utf-8")
    module = loaded(file)
    live = functions_of(file)
    assert {name: len(each) for name, each in live.items()} == {"Thing.size": 2}

    changes = {(each.old, each.new): each for each in changes_of(file)}

    def fate(old: str, new: str) -> tuple[str, str]:
        changed = changes[old, new]

        def work() -> str:
            put_in_place(live, changed.compiled())
            thing = module.Thing()
            thing.size = 1
            return str(thing.size) if (thing.size, vars(thing)) != (4, {"is_set": 1}) else ""

        return in_a_fork(work, 1)

    assert fate("4", "(5)") == (KILLED, "5")
    assert fate("self.is_set = value", "pass") == (KILLED, "4")
    assert module.Thing().size == 4

    def imported() -> str:
        names = import_changed(changes["4", "(5)"])
        return f"{loaded(file).Thing().size} {names}"

    assert in_a_fork(imported, 1) == (KILLED, "5 ['changed']")
    assert in_a_fork(lambda: "", 1) == (SURVIVED, "")

    assert in_a_fork(lambda: str(1 // 0), 1) == (BROKEN, "")

    def stopped() -> str:
        os.kill(os.getpid(), SIGKILL)
        return ""

    assert in_a_fork(stopped, 1) == (STOPPED, "")
