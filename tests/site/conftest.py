"""The site of the demo CRM, made once."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from vtiger_codegen.cli import cli
from vtiger_codegen.site.facts import CrmFacts, demo_facts
from vtiger_codegen.site.pages import pages
from vtiger_codegen.site.publish import publish_site


@pytest.fixture(scope="session")
def facts() -> CrmFacts:
    return demo_facts()


@pytest.fixture(scope="session")
def files(facts: CrmFacts) -> dict[PurePosixPath, str]:
    return pages(facts, "Demo CRM", cli)


@pytest.fixture(scope="session")
def site(files: dict[PurePosixPath, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "docs"
    publish_site(folder, files)
    return folder
