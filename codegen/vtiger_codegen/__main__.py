"""`vtiger-orm` and `python -m vtiger_codegen`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; says which extra is missing when it cannot."""
    try:
        import click  # noqa: F401
    except ImportError:
        from vtiger_orm.errors import MissingExtra

        sys.exit(str(MissingExtra("The command line", "codegen")))
    from .cli import run

    sys.exit(run())


if __name__ == "__main__":
    main()
