"""vtiger-orm init: set a project up, from the address of the CRM to the typed package."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click

from vtiger_orm._files import write_whole
from vtiger_orm.errors import ConfigError

from ...config import TABLE
from ...text.terminal import at_terminal, say
from .._place import place_of
from ..generate import generate
from ..pull.work import pull_schema
from . import WORKFLOW

_STEPS: Final = """\
# Written by `vtiger-orm init --workflow`; yours to change.
# Pulls the schema of the CRM every night and opens a change with what is different, graded.
name: vtiger-schema
on:
  schedule:
    - cron: "17 3 * * *"
  workflow_dispatch:
permissions:
  contents: write
  pull-requests: write
jobs:
  pull:
    runs-on: ubuntu-latest
    env:
      VTIGER_URL: ${{ secrets.VTIGER_URL }}
      VTIGER_USERNAME: ${{ secrets.VTIGER_USERNAME }}
      VTIGER_ACCESS_KEY: ${{ secrets.VTIGER_ACCESS_KEY }}
      GH_TOKEN: ${{ github.token }}
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: pip install 'vtiger-orm[codegen]'
      - run: vtiger-orm pull
      - name: What is different (exit codes 1 and 2 tell that something is)
        run: vtiger-orm diff git:HEAD --format markdown > "$RUNNER_TEMP/diff.md" || [ $? -le 2 ]
      - run: vtiger-orm generate
      - name: Open a change
        run: |
          git add --all
          git diff --cached --quiet && exit 0
          branch="vtiger-schema-$(date +%Y%m%d%H%M)"
          git config user.name vtiger-schema
          git config user.email vtiger-schema@users.noreply.github.com
          git switch --create "$branch"
          git commit --message "The CRM's schema changed"
          git push --set-upstream origin "$branch"
          gh pr create --title "The CRM's schema changed" --body-file "$RUNNER_TEMP/diff.md"
"""


def init(url: str | None, dialect: str | None, schema: str, output: str, workflow: bool) -> None:
    """What the verb does, as its help tells."""
    if workflow:
        _write_workflow()
        return
    file = Path("pyproject.toml").resolve()  # a link stays one
    before = file.read_bytes() if file.exists() else None
    if TABLE.rpartition(".")[2] in _tools(before or b""):
        raise ConfigError(
            f"pyproject.toml has [{TABLE}] already. Change it there, and run: vtiger-orm pull && "
            "vtiger-orm generate"
        )
    url = url or os.environ.get("VTIGER_URL")
    if not url:
        if not at_terminal():
            raise ConfigError("Which CRM? Give --url URL, or set VTIGER_URL.")
        url = click.prompt("Address of the CRM", err=True).strip()
    settings = {"url": url, "dialect": dialect, "schema": schema, "output": output}
    after = _with_table((before or b"").decode("utf-8"), settings).encode("utf-8")
    _tools(after)
    write_whole(file, after)
    try:
        pull_schema(url)
    except BaseException:
        if before is None:
            file.unlink(missing_ok=True)
        else:
            write_whole(file, before)
        raise
    click.get_current_context().invoke(generate)
    say(f"{file.name} has [{TABLE}]. Commit it with {schema} and {output}.", fg="green")
    _, parts = place_of(Path(output))
    say(
        f"Next: in Python, from {'.'.join(parts)} import connect; or vtiger-orm shell, where it is "
        "imported; or vtiger-orm docs, for the site of your CRM"
    )


def _tools(content: bytes) -> Mapping[str, object]:
    """The tools that a pyproject.toml has settings of. Raises `ConfigError` for what is no TOML."""
    try:
        found = tomllib.loads(content.decode("utf-8")).get("tool", {})
    except ValueError as error:
        raise ConfigError(
            f"pyproject.toml cannot be read, or cannot take [{TABLE}] at its end: {error}. Nothing "
            "was changed."
        ) from error
    return found if isinstance(found, dict) else {}


def _with_table(text: str, settings: Mapping[str, str | None]) -> str:
    end = "\r\n" if "\r\n" in text else "\n"
    if text and not text.endswith("\n"):
        text += end
    lines = [f"[{TABLE}]"]
    # JSON's texts are TOML's basic strings, as long as they hold no half of a character.
    lines += [
        f"{key} = {json.dumps(value, ensure_ascii=False)}"
        for key, value in settings.items()
        if value is not None
    ]
    return text + (end if text else "") + end.join(lines) + end


def _write_workflow() -> None:
    if WORKFLOW.exists():
        raise ConfigError(f"{WORKFLOW} is there already; it is yours, and not replaced.")
    WORKFLOW.parent.mkdir(parents=True, exist_ok=True)
    WORKFLOW.write_text(_STEPS, encoding="utf-8")
    say(
        f"{WORKFLOW.as_posix()} was written. Give the repository the secrets VTIGER_URL, "
        "VTIGER_USERNAME and VTIGER_ACCESS_KEY.",
        fg="green",
    )
