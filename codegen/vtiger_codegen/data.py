"""Data files of the package: the one place that knows where they are."""

from __future__ import annotations

from pathlib import Path

from vtiger_orm.errors import ConfigError


def template_folder() -> Path:
    """The shipped templates: inside the installed package, else at the top of the checkout."""
    here = Path(__file__).resolve().parent
    for folder in (here / "templates", here.parent.parent / "templates"):
        if (folder / "package").is_dir():
            return folder
    raise ConfigError(
        "The templates of vtiger-orm are missing from this installation. "
        "Install it again: pip install --force-reinstall 'vtiger-orm[codegen]'"
    )
