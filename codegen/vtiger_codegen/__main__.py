"""`vtiger-orm` and `python -m vtiger_codegen`."""

from __future__ import annotations

import sys
from io import TextIOWrapper


def main() -> None:
    """Run the command line; says which extra is missing when it cannot."""
    try:
        import click  # noqa: F401
    except ImportError:
        from vtiger_orm.errors import MissingExtra

        sys.exit(str(MissingExtra("The command line", "codegen")))
    from .cli import run

    _speak_utf8()
    sys.exit(run())


def _speak_utf8() -> None:
    """A CRM has text in every script, and a code page or a redirect has not: what is printed is
    UTF-8 everywhere, whatever the terminal says of itself."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


if __name__ == "__main__":
    main()
