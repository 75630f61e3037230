"""Law: neither the API user nor a secret gets into a cassette, wherever and however it is told."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Callable
from html.entities import codepoint2name
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote, quote_plus

import httpx
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from vtiger_orm.testing import Recorder, replay


def named(character: str) -> str:
    return codepoint2name.get(ord(character), "")


def in_lower_case(percent: str, digits: int) -> str:
    """The same with so many digits of each escape in lower case, from the right."""
    first, *others = percent.split("%")
    keep = 2 - digits
    lowered = (each[:keep] + each[keep:2].lower() + each[2:] for each in others)
    return "%".join([first, *lowered])


WRITTEN: dict[str, Callable[[str], str]] = {
    "plain": str,
    "upper": str.upper,
    "html": html.escape,
    "html, apostrophes as numbers": lambda text: html.escape(text).replace("&#x27;", "&#039;"),
    "html, numbers": lambda t: html.escape(t).encode("ascii", "xmlcharrefreplace").decode(),
    "percent": lambda text: quote(text, safe=""),
    "html, hexadecimal numbers": lambda t: "".join(
        c if c.isalnum() else f"&#x{ord(c):X};" for c in t
    ),
    "html, names": lambda text: "".join(f"&{named(c)};" if named(c) else c for c in text),
    "html twice": lambda text: html.escape(html.escape(text)),
    "percent, lower case": lambda text: in_lower_case(quote_plus(text), 2),
    "percent, half in lower case": lambda text: in_lower_case(quote_plus(text), 1),
    "percent twice": lambda text: quote(quote(text, safe=""), safe=""),
    "json": lambda text: json.dumps(text),
    "json, as PHP does": lambda text: json.dumps(text).replace("/", "\\/").replace("&", "\\u0026"),
    "json, capitals": lambda text: json.dumps(text).replace("\\u00e9", "\\u00E9"),
    "html of json": lambda text: html.escape(json.dumps(text)),
    "json of json": lambda text: json.dumps({"x": json.dumps(text)}),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
}
PLACED: dict[str, Callable[[str], Any]] = {
    "alone": lambda told: {"a": told},
    "in a sentence": lambda told: [{"a": f"Written by {told}, today"}],
    "behind an escape": lambda told: {"a": f"x=1%26y%3D{told}&z=2"},
    "behind a line break": lambda told: {"a": json.dumps("\n") + told},
    "as a key": lambda told: {f"of {told}": 1},
    "deep": lambda told: [[{"a": [{"b": [told, None]}]}]],
    "in text": lambda told: f"<p>Dear {told}!</p>",
}
# Few people, and secrets of few parts: a failure is made small within seconds.
PEOPLE = [
    ("Zoëky", "Nutßyd", "uzoëky"),
    ("Ägévöl", "Wydlaun'Ny", "uägévöl"),
    ("Éloïde", "O'Nutzä", "uéloïde"),
    ("Abelny", "Tokyéß", "uabelny"),
    ("Żołnyd", "Øvrébye", "użołnyd"),
    ("Јованк", "Λουκάνη", "uјованк"),
    ("客户名称", "乾隆皇帝", "u客户名称"),
    ("Gé Wyn", 'de "Vöt" & Co', "ugé.wyn"),
]
KEYS = ["A2b", "XYZ", "9é", "é&", "'", '"', "+", "/", "%", "\\", "\\n", "&é;"]
SECRET = st.lists(st.sampled_from(KEYS), min_size=3, max_size=5).map(
    lambda parts: "".join(["Q7W8", *parts])
)


def answered(told: dict[str, Any], place: Any) -> Callable[[httpx.Request], httpx.Response]:
    def handle(request: httpx.Request) -> httpx.Response:
        form = dict(httpx.QueryParams(request.content.decode())) | dict(request.url.params)
        operation = form.get("operation")
        if operation == "login":
            return httpx.Response(200, json={"success": True, "result": told})
        if isinstance(place, str):
            return httpx.Response(500, text=place)
        return httpx.Response(200, json={"success": True, "result": place})

    return handle


def recorded(told: dict[str, Any], key: str, place: Any, path: Path) -> str:
    recorder = Recorder()
    transport = recorder.transport(httpx.MockTransport(answered(told, place)))
    with httpx.Client(transport=transport, base_url="https://crm.test") as http:
        form = {"operation": "login", "username": told["username"], "accessKey": key}
        http.post("/webservice.php", data=form)
        first = http.get("/webservice.php", params={"operation": "query", "query": "select 1;"})
    recorder.save(path)
    with replay(path) as tape, httpx.Client(transport=tape.transport()) as http:
        params = {"operation": "query", "query": "select 1;"}
        again = http.get("https://x.test/webservice.php", params=params)
        assert again.status_code == first.status_code
    return path.read_text("utf-8")


@given(
    person=st.sampled_from(PEOPLE),
    secret=SECRET,
    written=st.sampled_from(list(WRITTEN)),
    placed=st.sampled_from(list(PLACED)),
    which=st.sampled_from(["first", "last", "both", "turned", "user", "email", "key", "session"]),
)
@settings(
    examples(60), suppress_health_check=list(HealthCheck), phases=set(Phase) - {Phase.explain}
)
def test_law_nobody_and_no_secret_is_on_a_cassette(
    person: tuple[str, str, str], secret: str, written: str, placed: str, which: str
) -> None:
    first, last, user = person
    session = hashlib.sha256(secret.encode()).hexdigest()[:20]
    email = f"{user}.x@crm.example"
    told = {
        "sessionName": session,
        "userId": "19x1",
        "username": user,
        "first_name": first,
        "last_name": last,
        "email1": email,
    }
    both = {"both": f"{first} {last}", "turned": f"{last}, {first}"}
    plain = {
        **both,
        "first": first,
        "last": last,
        "user": user,
        "email": email,
        "key": secret,
        "session": session,
    }[which]
    if which in ("key", "session") and written == "upper":
        return  # another text
    shown = WRITTEN[written](plain)
    with TemporaryDirectory() as folder:
        text = recorded(told, secret, PLACED[placed](shown), Path(folder, "c.json"))
    forms = (shown, json.dumps(shown, ensure_ascii=False)[1:-1], plain)
    # Not as `assert ... not in`: what pytest tells of long texts takes seconds, at each example.
    assert not [form for form in forms if form.casefold() in text.casefold()]
