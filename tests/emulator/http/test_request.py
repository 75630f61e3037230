"""How a request is read: as PHP reads it."""

from __future__ import annotations

import httpx
import pytest

from vtiger_orm.emulator.http import Request, json_response, parse_urlencoded


def sent(request: httpx.Request) -> Request:
    return Request(
        request.method,
        request.url.raw_path.decode(),
        tuple(request.headers.multi_items()),
        request.read(),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("a=1&a=2", {"a": "2"}),
        ("a", {"a": ""}),
        ("a=b=c", {"a": "b=c"}),
        ("a=x+y%20z%2B", {"a": "x y z+"}),
        ("a=%C3%BC%E5%AE%A2", {"a": "ü客"}),
        ("a[]=1&a[]=2", {"a": {"0": "1", "1": "2"}}),
        ("a[k]=1&a[l][m]=2", {"a": {"k": "1", "l": {"m": "2"}}}),
        ("a.b=1&c d=2", {"a_b": "1", "c_d": "2"}),
        ("", {}),
    ],
)
def test_parameters_are_built_as_php_builds_them(text: str, expected: object) -> None:
    assert parse_urlencoded(text) == expected


def test_form_and_files_of_a_multipart_body() -> None:
    request = sent(
        httpx.Request(
            "POST",
            "http://crm/webservice.php",
            data={"operation": "create", "element": '{"notes_title": "ü"}'},
            files=[
                ("filename", ("hällo.txt", b"one\r\n--two", "text/plain")),
                ("imagename[]", ("a.png", bytes(range(256)), "image/png")),
            ],
        )
    )
    assert request.form == {"operation": "create", "element": '{"notes_title": "ü"}'}
    text, image = request.files
    assert (text.part, text.name, text.content) == ("filename", "hällo.txt", b"one\r\n--two")
    assert (image.part, image.content_type, image.content) == (
        "imagename[]",
        "image/png",
        bytes(range(256)),
    )


@pytest.mark.parametrize("body", [b"", b"garbage", b"--x\r\nno headers"])
def test_a_damaged_multipart_body_has_no_fields(body: bytes) -> None:
    header = ("Content-Type", "multipart/form-data; boundary=x")
    request = Request("POST", "/webservice.php", (header,), body)
    assert (request.form, request.files) == ({}, ())


def test_a_json_body_has_no_parameters() -> None:
    request = sent(httpx.Request("POST", "http://crm/webservice.php", json={"operation": "x"}))
    assert request.form == {}


def test_json_is_printed_as_php_prints_it() -> None:
    response = json_response({"success": True, "result": ["ü/\\", 1, None]})
    assert response.body == rb'{"success":true,"result":["\u00fc\/\\",1,null]}'
    assert response.json() == {"success": True, "result": ["ü/\\", 1, None]}
