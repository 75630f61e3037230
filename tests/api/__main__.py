"""Write the public API down: ``python -m tests.api``, then read the diff.

`python.txt` holds every public class and function, `outside.txt` what is relied on beside them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.api import outside, surface

WRITTEN: Final[dict[Path, Callable[[], str]]] = {
    Path(__file__).with_name("python.txt"): surface.text,
    Path(__file__).with_name("outside.txt"): outside.text,
}
"""Each file with what it should hold."""

if __name__ == "__main__":
    for file, text in WRITTEN.items():
        file.write_text(text(), encoding="utf-8")
