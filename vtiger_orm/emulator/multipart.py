"""Bodies of type ``multipart/form-data``: form fields and uploaded files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from .engine import UploadedFile

_MOST_PARTS: Final = 1000


@dataclass(slots=True)
class _Part:
    headers: dict[str, str] = field(default_factory=dict)
    name: bytearray = field(default_factory=bytearray)
    value: bytearray = field(default_factory=bytearray)
    content: bytearray = field(default_factory=bytearray)


class Damaged(ValueError):
    """The body cannot be read, or ends before its last boundary."""


def _parts(boundary: bytes, body: bytes) -> list[_Part]:
    try:
        from python_multipart.exceptions import FormParserError
        from python_multipart.multipart import MultipartParser
    except ModuleNotFoundError as error:
        from vtiger_orm.errors import MissingExtra

        raise MissingExtra("An upload to the embedded CRM", "emulator") from error

    parts: list[_Part] = []
    ended: list[bool] = []

    def part_begin() -> None:
        if len(parts) == _MOST_PARTS:
            raise Damaged("more parts than anybody needs")
        parts.append(_Part())

    def header_end() -> None:
        part = parts[-1]
        part.headers[part.name.decode("latin-1").lower()] = part.value.decode("utf-8", "replace")
        part.name, part.value = bytearray(), bytearray()

    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": part_begin,
                "on_header_field": lambda data, a, b: parts[-1].name.extend(data[a:b]),
                "on_header_value": lambda data, a, b: parts[-1].value.extend(data[a:b]),
                "on_header_end": header_end,
                "on_part_data": lambda data, a, b: parts[-1].content.extend(data[a:b]),
                "on_end": lambda: ended.append(True),
            },
        )
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise Damaged(str(error)) from error
    if not ended:
        raise Damaged("it ends before its last boundary")
    return parts


def _options(header: str) -> tuple[str, dict[str, str]]:
    """``form-data; name="a"; filename="b"`` as its value and its options."""
    from python_multipart.multipart import parse_options_header

    value, options = parse_options_header(header.encode())
    return value.decode("latin-1"), {
        name.decode("latin-1"): text.decode("utf-8", "replace") for name, text in options.items()
    }


def parse_multipart(
    content_type: str, body: bytes
) -> tuple[list[tuple[str, str]], tuple[UploadedFile, ...]]:
    """The fields and the files of a body; without a boundary it has none, as in PHP.

    Raises `Damaged`.
    """
    boundary = ""
    for option in content_type.split(";")[1:]:
        name, _, value = option.strip().partition("=")
        if name.lower() == "boundary":
            boundary = value.strip('"')
    if not boundary:
        return [], ()
    fields: list[tuple[str, str]] = []
    files: list[UploadedFile] = []
    for part in _parts(boundary.encode("latin-1", "replace"), body):
        _, options = _options(part.headers.get("content-disposition", ""))
        name = options.get("name", "")
        if "filename" in options:
            files.append(
                UploadedFile(
                    part=name,
                    name=options["filename"],
                    content=bytes(part.content),
                    content_type=part.headers.get("content-type", "application/octet-stream"),
                )
            )
        elif name:
            fields.append((name, part.content.decode("utf-8", "replace")))
    return fields, tuple(files)
