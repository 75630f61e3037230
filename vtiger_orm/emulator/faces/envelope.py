"""How a server wraps and prints what it answers, by its profile."""

from __future__ import annotations

import html
import re
from typing import Any, Final

from ..engine import Answer, Crash, CrmError, NotMeasured, PlainText, UnknownOperation
from ..http import Response, json_response, text_response
from ..printing import printed
from ..profiles import Profile

_ESCAPED_CONTROL: Final = re.compile(rb"(\\\\)|\\u00([01][0-9a-f])")
_STATUSES: Final = {
    "ACCESS_DENIED": 403,
    "AUTHENTICATION_FAILURE": 401,
    "AUTHENTICATION_REQUIRED": 401,
    "DATABASE_QUERY_ERROR": 500,
    "INTERNAL_SERVER_ERROR": 500,
    "INVALID_ID_ATTRIBUTE": 400,
    "INVALID_SESSIONID": 401,
    "INVALID_USER_CREDENTIALS": 401,
    "MANDATORY_FIELDS_MISSING": 400,
    "REFERENCE_INVALID": 400,
}
"""HTTP statuses of the errors on servers that use them; others were not seen there."""

Failure = CrmError | Crash | PlainText | NotMeasured


def answered(profile: Profile, answer: Answer) -> Response:
    """The envelope of a result."""
    content: dict[str, Any] = {"success": answer.success, "result": answer.result}
    if profile.moreinfo:
        content["moreinfo"] = answer.moreinfo
    return _printed(profile, content)


def failed(profile: Profile, failure: Failure) -> tuple[Response, str]:
    """What the server sends instead of a result, and its name for the log."""
    if isinstance(failure, CrmError):
        return _refused(profile, failure), str(failure.code)
    if isinstance(failure, NotMeasured):
        return text_response(str(failure), status=501), "not measured"
    if isinstance(failure, PlainText):
        return text_response(failure.text), "plain text"
    if isinstance(failure, UnknownOperation) and profile.unknown_operation != "fatal":
        return _unknown(profile)
    if profile.fatals_as_html:
        return text_response(_fatal(failure.reason)), "fatal error"
    return text_response(status=500), "HTTP 500"


def _refused(profile: Profile, error: CrmError) -> Response:
    content: dict[str, Any] = {
        "success": False,
        "error": {"message": error.message, "code": error.code},
    }
    if profile.moreinfo:
        content["moreinfo"] = None
    status = 200
    if profile.error_statuses:
        status = _STATUSES.get(str(error.code), 0)
        if not status:
            unknown = NotMeasured(profile.name, f"the HTTP status of {error.code}")
            return text_response(str(unknown), status=501)
    return _printed(profile, content, status)


def _unknown(profile: Profile) -> tuple[Response, str]:
    message = "Unknown operation requested"
    if profile.unknown_operation == "plain 400":
        return text_response(message, status=400), "HTTP 400"
    return _refused(profile, CrmError("UNKNOWN_OPERATION", message)), "UNKNOWN_OPERATION"


def _fatal(reason: str) -> str:
    return (
        f"<br />\n<b>Fatal error</b>:  Uncaught Error: {html.escape(reason)} in /srv/crm\n"
        "Stack trace:\n#0 {main}\n  thrown in <b>/srv/crm</b><br />\n"
    )


def _printed(profile: Profile, content: object, status: int = 200) -> Response:
    if profile.ascii_json:
        return json_response(content, status=status)
    body = printed(content, ascii_only=False)
    if profile.raw_control_characters:
        body = _ESCAPED_CONTROL.sub(lambda match: match[1] or bytes([int(match[2], 16)]), body)
    return Response(
        status=status,
        body=body,
        headers=(("Content-Type", "application/json"),),
    )
