"""What differs between the servers the emulator can be: one table, in one place.

`Profile` lists the quirks with the default of a stock Vtiger 8.0 on PHP 8; each server below says
what is otherwise there, so that two of them can be compared by reading. Nothing else in the
emulator asks which server it is; it asks one of these facts, or for one of the parts that a whole
family has of its own (`grammar`, `operations`).

Every entry was seen on a server of that kind, the Cloud's apart, which is taken from its manuals.
What nobody looked at is refused with HTTP 501 and the words "not measured on ...".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from ..metadata.snapshot import Instance

FamilyName: TypeAlias = Literal["vtiger", "corebos", "frevocrm", "berlicrm", "cloud"]

# Their registered parameter names differ from the handler's own, which PHP 8 refuses.
_BROKEN_BY_PHP8: Final = frozenset(
    {"sync", "logout", "convertlead", "files_retrieve", "retrieve_inventory"}
)
_TOKYO: Final = timezone(timedelta(hours=9), "Asia/Tokyo")
SECRETS_OF_USERS: Final = frozenset({"accesskey", "user_password", "confirm_password"})
"""Fields of Users that open the door."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The quirks of one kind of server."""

    name: str
    vtiger_version: str
    """What login tells as `vtigerVersion`."""
    family: FamilyName = "vtiger"
    tag_version: str = ""
    """What login tells as `tagVersion`; only one family does."""
    api_version: str = "0.22"
    tells_snapshot_version: bool = False
    """Whether it says that it is the version its snapshot was pulled from."""
    recorded: str = ""
    """Name of the recorded modules that replace or complete those of the demo."""
    absent_modules: frozenset[str] = frozenset()
    """Modules of the demo that such a server does not have."""

    # -- doors -----------------------------------------------------------------------------

    faces: frozenset[str] = frozenset({"webservice", "restfulapi"})
    """Which doors are open: a stock server answers HTTP 404 under ``/restapi``."""
    restfulapi_mends: Literal["all", "login and token", "login", "none"] = "all"
    """Which mends the RestfulApi module got, of those it needs on Vtiger 8 and PHP 8."""
    restfulapi_keeps_items: bool = True
    """Whether ``ajxaction=DETAILVIEW`` is looked at; else every change costs the line items."""
    restfulapi_sql_errors: Literal["fatal", "empty"] = "fatal"
    """What an SQL error of the RestfulApi module is: HTTP 500 on PHP 8, before it an empty list."""
    restfulapi_fork: bool = False
    """Whether it is the fork that tells the code of a refused token."""
    error_body: bool = True
    """Whether an error of the Cloud face has a JSON body besides its status line."""
    error_statuses: bool = False
    """Whether errors carry HTTP status codes."""
    fatals_as_html: bool = False
    """Whether a PHP fatal is HTTP 200 with its text as HTML, not HTTP 500 with nothing."""
    unknown_operation: Literal["fatal", "code", "plain 400"] = "fatal"
    """What an unknown operation is: a fatal, the code UNKNOWN_OPERATION, or plain text."""
    moreinfo: bool = False
    """Whether every answer has a third key: for a query the number of rows without LIMIT."""
    ascii_json: bool = False
    r"""Whether texts are printed with ``\uXXXX`` for everything that is not ASCII."""
    raw_control_characters: bool = False
    """Whether control characters stand in JSON texts as they are, which JSON forbids."""
    either_method: bool = False
    """Whether parameters are read from URL and body, whatever the method is."""

    # -- sessions --------------------------------------------------------------------------

    login_tells_user: bool = True
    """Whether login tells name, zone and rights of the user."""
    login_with_password: bool = False
    """Whether token and password, not hashed, log in as well."""
    challenge_seconds: int = 300
    challenge_shared: bool = False
    """Whether a living challenge is handed out again, so that logins do not race."""
    unknown_user: Literal["denied", "authentication", "token"] = "denied"
    """What getchallenge of an unknown user answers; ``token``: as if there were one."""
    sessions_named: bool = True
    """Whether a bad session has codes of its own, not just AUTHENTICATION_REQUIRED."""
    extends_sessions: Literal["sessions", "browsers", "never"] = "sessions"
    """Whose session extendsession goes on with."""

    # -- operations ------------------------------------------------------------------------

    crashing: frozenset[str] = frozenset()
    """Operations (lower case) that end in a PHP fatal."""
    unknown: frozenset[str] = frozenset()
    """Stock operations that are unknown there."""
    not_measured: frozenset[str] = frozenset({"mobile.saverecord"})
    """Operations that exist, but that nobody looked at closely enough to play them."""
    cloud: bool = False
    """Whether the operations and describe keys exist that only the Cloud has."""
    sync_page: int = 100
    """Changes of one sync answer; changes of the last second are always complete."""
    sync_type_passed: bool = False
    """Whether `syncType` reaches the handler; stock servers drop it."""
    files_as_list: bool = False
    """Whether files_retrieve answers a list with one object."""
    inventory_of_anything: bool = False
    """Whether retrieve_inventory answers for records without items, too."""
    related_message: str = "successfull"
    """What add_related says."""

    inactive_documents_related: bool = False
    """Whether related lists hold documents whose `filestatus` is not 1."""

    operations: Literal["vtiger", "corebos"] = "vtiger"
    """Which operations there are, and how they treat records."""

    # -- queries ---------------------------------------------------------------------------

    grammar: Literal["vtiger", "corebos", "berlicrm"] = "vtiger"
    page_cap: int | None = 100
    """Most rows of one query answer."""
    page_default: int | None = 100
    """Rows of a query without LIMIT."""
    counts_records: bool = True
    """Whether count(*) works for modules with records; where not, it is an empty list."""
    sql_errors_told: bool = False
    """Whether an SQL error is DATABASE_QUERY_ERROR, not success without rows."""
    orders_by_anything: bool = False
    """Whether an ORDER BY may name fields of any table, and drops those nobody knows."""
    ids_have_a_form: bool = False
    """Whether an id, reference or owner must be digits, ``x``, digits wherever one is sent."""
    null_told: bool = False
    """Whether NULL is JSON null, not an empty text."""
    items_collapsed: bool = True
    """Whether the rows of one record's line items become one row."""
    actors_queryable: bool = True
    """Whether a query may read modules that are no entities (Groups, Currency, Tax...)."""
    thinned_pages: bool = False
    """Whether private records are taken out of a page after LIMIT in every module."""
    thinned_modules: frozenset[str] = frozenset()
    """Modules in which they are."""
    blind_users: bool = False
    """Whether users without "view all" see no module with records at all."""
    untold_user_fields: frozenset[str] = frozenset()
    """Fields of Users that no answer holds."""

    reads_again: bool = True
    """Whether a text that equals the encoding of one read before comes out decoded."""

    # -- writing ---------------------------------------------------------------------------

    strict_types: bool = True
    """PHP 8: arithmetic on text is fatal."""
    individual_taxes: bool = False
    """Whether `hdnTaxType` ``individual`` works; it is fatal where the types are strict."""
    lists_in_text: Literal["refused", "first", "fatal"] = "refused"
    """What a list for a text field does. Two servers of the same version differed."""
    names_labels: bool = False
    """Whether a missing mandatory field is named by its label, too."""
    checks_duplicates: bool = True
    """Whether fields that must be unique are."""
    update_empties: bool = False
    """Whether update empties what it is not sent."""
    checks_picklists: bool = False
    """Whether create refuses values that a picklist does not have."""
    labels_created: bool = True
    """Whether the answer of create tells the record's label."""
    tells_inactive_fields: bool = False
    """Whether describe has `inactiveFields`, and no `allowDuplicates`."""
    measured_modules: frozenset[str] = frozenset()
    """The only modules with records that anybody looked at; empty for all."""
    numbers_records: bool = True
    """Whether new records get a number of their module (``CON12``)."""
    missing_dates_are_today: bool = False
    """Whether dates that are left out, or null, at create become the day's."""
    unknown_owner: Literal["workflows stop", "database error", "internal error"] = "workflows stop"
    """How a write ends that gave a record to nobody; it is stored all the same."""
    escapes_first: bool = False
    r"""Whether ``\uXXXX`` in an element is replaced before the JSON is read."""
    bad_element: Literal["empty", "internal error"] = "empty"
    """What an element that is no JSON is taken for."""
    zone: tzinfo = UTC
    """Zone of the datetimes on the wire and in conditions."""
    cascade_in_queries: bool = False
    """Whether quotes that were deleted along with their account are still in queries."""
    inventory_creatable: bool = True
    """Whether quotes, orders and invoices can be created."""
    header_change_deletes_items: bool = False
    """Whether a revise without items deletes the items there are."""
    blank_amounts_fatal: bool = False
    """Whether a blank discount or shipping charge is fatal, as text that is no number is."""
    item_change_fatal: bool = False
    """Whether a change of items is stored without totals and then ends in a fatal."""
    item_update: Literal["fatal", "not found"] = "fatal"
    """How an update of a line item ends where types are strict; it is done all the same, and on
    the second kind of server it takes the other items of the record away."""
    reduced_taxes: bool = False
    """Whether line items tell of their unit and of a reduced rate of tax."""
    items_name_parent: bool = False
    """Whether items in an answer tell their parent's id, not ``4xArray``."""
    details_decimals: int = 2
    """Decimals of LineItems_FinalDetails."""


VTIGER_8_0: Final = Profile("vtiger-8.0", "8.0.0", crashing=_BROKEN_BY_PHP8)

VTIGER_8_2: Final = replace(
    VTIGER_8_0,
    name="vtiger-8.2",
    vtiger_version="8.2.0",
    untold_user_fields=SECRETS_OF_USERS,
)

VTIGER_8_3: Final = replace(
    VTIGER_8_2,
    name="vtiger-8.3",
    vtiger_version="8.3.0",
    raw_control_characters=True,
    counts_records=False,
    ids_have_a_form=True,
    null_told=True,
    thinned_modules=frozenset({"Events", "Calendar"}),
    blind_users=True,
    escapes_first=True,
    bad_element="internal error",
    inventory_creatable=False,
    blank_amounts_fatal=True,
    item_change_fatal=True,
    items_name_parent=True,
)

VTIGER_7_5: Final = replace(
    VTIGER_8_0,
    name="vtiger-7.5",
    vtiger_version="7.5.0",
    # Its sync wants four arguments of which three are registered; the others work on PHP 7.
    crashing=frozenset({"sync"}),
    inventory_of_anything=True,
    strict_types=False,
)

CLOUD: Final = Profile(
    "cloud",
    "8.0.0",
    family="cloud",
    tells_snapshot_version=True,
    faces=frozenset({"webservice", "cloud"}),
    ascii_json=True,
    cloud=True,
    sync_page=200,
    sync_type_passed=True,
    files_as_list=True,
    related_message="successful",
    inactive_documents_related=True,
    actors_queryable=False,
    reads_again=False,
    strict_types=False,
)

RESTFULAPI: Final = replace(VTIGER_8_0, name="restfulapi")
RESTFULAPI_UNMENDED: Final = replace(
    RESTFULAPI, name="restfulapi-unmended", restfulapi_mends="none"
)

COREBOS: Final = Profile(
    "corebos",
    "5.5.0",
    family="corebos",
    recorded="corebos",
    absent_modules=frozenset(
        {
            *("Calendar", "Events", "LineItem", "Tax", "ProductTaxes"),
            *("Assets", "Project", "ProjectMilestone", "ProjectTask", "SMSNotifier", "Vehicles"),
        }
    ),
    faces=frozenset({"webservice"}),
    unknown_operation="code",
    moreinfo=True,
    ascii_json=True,
    either_method=True,
    login_tells_user=False,
    login_with_password=True,
    challenge_seconds=7200,
    challenge_shared=True,
    unknown_user="authentication",
    sessions_named=False,
    extends_sessions="browsers",
    operations="corebos",
    not_measured=frozenset(
        {
            *("getreferencevalue", "getsearchresults"),
            "showqueryfromwsdoquery",
        }
    ),
    inactive_documents_related=True,
    grammar="corebos",
    page_cap=None,
    sql_errors_told=True,
    orders_by_anything=True,
    untold_user_fields=SECRETS_OF_USERS,
    reads_again=False,
    names_labels=True,
    checks_duplicates=False,
    missing_dates_are_today=True,
    numbers_records=False,
    lists_in_text="fatal",
    unknown_owner="database error",
)

FREVOCRM: Final = Profile(
    "frevocrm",
    "8.0.3",
    family="frevocrm",
    recorded="frevocrm",
    absent_modules=frozenset({"PBXManager", "Vehicles"}),
    faces=frozenset({"webservice"}),
    fatals_as_html=True,
    ascii_json=True,
    extends_sessions="never",
    not_measured=frozenset({"mobile.saverecord", "wsapp_put"}),
    page_cap=None,
    page_default=None,
    items_collapsed=False,
    individual_taxes=True,
    zone=_TOKYO,
    cascade_in_queries=True,
    header_change_deletes_items=True,
    blank_amounts_fatal=True,
    item_change_fatal=True,
    item_update="not found",
    reduced_taxes=True,
    details_decimals=0,
)

BERLICRM: Final = Profile(
    "berlicrm",
    "6.5.0",
    family="berlicrm",
    tag_version="berlicrm-1.0.49",
    faces=frozenset({"webservice"}),
    error_statuses=True,
    unknown_operation="plain 400",
    login_tells_user=False,
    unknown_user="token",
    extends_sessions="never",
    unknown=frozenset(
        {"relatedtypes", "retrieve_related", "query_related", "add_related", "files_retrieve"}
    ),
    not_measured=frozenset({"sync", "convertlead", "retrieve_inventory", "mobile.saverecord"}),
    measured_modules=frozenset(
        {"Contacts", "Accounts", "Potentials", "HelpDesk", "Leads", "Products", "Events"}
    ),
    grammar="berlicrm",
    page_cap=None,
    page_default=None,
    sql_errors_told=True,
    reads_again=False,
    update_empties=True,
    checks_picklists=True,
    labels_created=False,
    tells_inactive_fields=True,
    unknown_owner="internal error",
)

STOCK_8_0_PHP8: Final = replace(VTIGER_8_0, name="stock-8.0-php8", tells_snapshot_version=True)
STOCK_7: Final = replace(
    VTIGER_7_5,
    name="stock-7",
    tells_snapshot_version=True,
    crashing=frozenset(),
    inventory_of_anything=False,
)
"""A Vtiger 7 whose `sync` was mended, as it is on many."""

PROFILES: Final = {
    each.name: each
    for each in (
        VTIGER_7_5,
        VTIGER_8_0,
        VTIGER_8_2,
        VTIGER_8_3,
        COREBOS,
        FREVOCRM,
        BERLICRM,
        CLOUD,
        RESTFULAPI,
        RESTFULAPI_UNMENDED,
        STOCK_8_0_PHP8,
        STOCK_7,
    )
}


_OF_FAMILY: Final[dict[str | None, Profile]] = {each.family: each for each in (COREBOS, FREVOCRM)}


def profile_of(instance: Instance) -> Profile:
    """The profile that comes nearest to the server a snapshot was pulled from."""
    if instance.dialect == "cloud":
        page = instance.capabilities.page_size or CLOUD.page_cap
        return replace(CLOUD, page_cap=page, page_default=page)
    if instance.family in _OF_FAMILY:
        return replace(_OF_FAMILY[instance.family], tells_snapshot_version=True)
    can, version = instance.capabilities, instance.version or ""
    works = can.sync or can.files_retrieve
    if version.startswith("7.5.") and can.sync is False:
        return replace(VTIGER_7_5, tells_snapshot_version=True)
    for profile in (VTIGER_8_2, VTIGER_8_3):
        if version.startswith(f"{profile.vtiger_version[:3]}.") and not works:
            return replace(profile, tells_snapshot_version=True)
    return STOCK_7 if works or version.startswith("7.") else STOCK_8_0_PHP8


def profile_named(name: str) -> Profile:
    """The profile of that name. Raises `ValueError` that lists the known ones."""
    try:
        return PROFILES[name]
    except KeyError:
        raise ValueError(
            f"There is no profile {name!r}. Known profiles: {', '.join(PROFILES)}."
        ) from None
