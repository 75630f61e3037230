"""Where templates come from."""

from __future__ import annotations

from pathlib import Path

import pytest
from vtiger_codegen.rendering.render import template_folder

from vtiger_orm.errors import ConfigError

ROOT = Path(__file__).parents[3]


def test_templates_come_from_the_package_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert template_folder() == ROOT / "templates"
    installed = tmp_path / "site-packages" / "vtiger_codegen"
    (installed / "templates" / "package").mkdir(parents=True)
    monkeypatch.setattr(
        "vtiger_codegen.rendering.render.__file__", str(installed / "rendering/render.py")
    )
    assert template_folder() == installed / "templates"
    (installed / "templates" / "package").rmdir()
    with pytest.raises(ConfigError, match="templates of vtiger-orm are missing"):
        template_folder()
