"""``python -m tests.picture``: the picture of the README, recorded from a real run of the demo."""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text
from vtiger_codegen.demo.story import Story

from vtiger_orm import Session
from vtiger_orm.emulator import Crm

PICTURE: Final = Path(__file__).parents[2] / ".github" / "demo.svg"
WIDTH: Final = 104
UNTIL: Final = "A semi-join"
"""The first words that are no longer shown: a picture is for one look."""
_LEFT_OUT: Final = re.compile(r"^\s+[\d.]+ s\s*$|━|╸|╺")
_CODES: Final = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")


def recorded() -> str:
    """What the demo prints on a terminal, with its colours, up to `UNTIL`."""
    out = io.StringIO()
    console = Console(
        file=out, force_terminal=True, width=WIDTH, color_system="truecolor", highlight=False
    )
    with Crm() as crm, crm.serve() as server, tempfile.TemporaryDirectory() as folder:
        console.print("[bold]$ vtiger-orm demo[/]")
        with Session(server.url, *crm.credentials()) as session:
            Story(console, session, Path(folder)).tell(read_only=False)
    lines = out.getvalue().partition(UNTIL)[0].rstrip().splitlines()
    # How long it took says something of one machine only, and a bar is drawn many times.
    plain = [(line, _CODES.sub("", line).rpartition("\r")[2]) for line in lines]
    return "\n".join(line for line, text in plain if not _LEFT_OUT.search(text))


def drawn(text: str) -> str:
    """As SVG that asks no other server for its letters."""
    console = Console(file=io.StringIO(), record=True, width=WIDTH)
    console.print(Text.from_ansi(text))
    svg = console.export_svg(title="vtiger-orm demo", unique_id="demo")
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.S)
    return svg.replace("Fira Code", "ui-monospace, Menlo, Consolas, DejaVu Sans Mono")


if __name__ == "__main__":
    PICTURE.write_text(drawn(recorded()), encoding="utf-8")
