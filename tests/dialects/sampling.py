"""Recorded answers of a stock Vtiger 8.0.0, with the requests that led to them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vtiger_orm.dialects import HttpResponse

FOLDER = Path(__file__).parent / "samples"


@dataclass(frozen=True)
class Sample:
    method: str
    where: str
    """``query`` or ``body``."""
    params: dict[str, Any]
    answer: HttpResponse

    @property
    def result(self) -> Any:
        return json.loads(self.answer.body)["result"]


def sample(name: str) -> Sample:
    content = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    request, response = content["request"], content["response"]
    text = response if isinstance(response, str) else json.dumps(response)
    answer = HttpResponse(
        content["http_status"],
        headers={"content-type": content["content_type"]},
        body=text.encode(),
    )
    return Sample(request["method"], request["params_in"], request["params"], answer)
