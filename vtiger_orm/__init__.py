"""A typed ORM for Vtiger CRM, generated from the CRM's own metadata.

Applications import their models from the generated package, and from here what belongs to no
CRM in particular: `Q`, `Prefetch`, `Session`, the types of values, and the errors.
"""

from typing import TYPE_CHECKING

from ._lazy import lazy_names

if TYPE_CHECKING:
    from .administration.edition_limits import EditionLimit as EditionLimit
    from .aggregates.functions import Aggregate as Aggregate
    from .aggregates.functions import AggregateValue as AggregateValue
    from .aggregates.functions import Avg as Avg
    from .aggregates.functions import Count as Count
    from .aggregates.functions import Max as Max
    from .aggregates.functions import Min as Min
    from .aggregates.functions import Sum as Sum
    from .calls.protocols import Runner as Runner
    from .conditions.q import Q as Q
    from .errors import AccessDenied as AccessDenied
    from .errors import ApiError as ApiError
    from .errors import AuthError as AuthError
    from .errors import BeingSaved as BeingSaved
    from .errors import BlockingCall as BlockingCall
    from .errors import ConfigError as ConfigError
    from .errors import ConnectionFailed as ConnectionFailed
    from .errors import DoesNotExist as DoesNotExist
    from .errors import DryRun as DryRun
    from .errors import DuplicateRecord as DuplicateRecord
    from .errors import Fate as Fate
    from .errors import InvalidId as InvalidId
    from .errors import InvalidLookup as InvalidLookup
    from .errors import InvalidRecord as InvalidRecord
    from .errors import InvalidValue as InvalidValue
    from .errors import ItemsLost as ItemsLost
    from .errors import LimitReached as LimitReached
    from .errors import MalformedAnswer as MalformedAnswer
    from .errors import MandatoryMissing as MandatoryMissing
    from .errors import MisansweredQuery as MisansweredQuery
    from .errors import MissingExtra as MissingExtra
    from .errors import MultipleRecords as MultipleRecords
    from .errors import NoSession as NoSession
    from .errors import NotFound as NotFound
    from .errors import NotLoaded as NotLoaded
    from .errors import NotSupported as NotSupported
    from .errors import Outcome as Outcome
    from .errors import OutcomeUnknown as OutcomeUnknown
    from .errors import QueryError as QueryError
    from .errors import QuerySyntax as QuerySyntax
    from .errors import RateLimited as RateLimited
    from .errors import ReadOnly as ReadOnly
    from .errors import RecordError as RecordError
    from .errors import ReferenceInvalid as ReferenceInvalid
    from .errors import RegenerateNeeded as RegenerateNeeded
    from .errors import ScanTooLarge as ScanTooLarge
    from .errors import SchemaError as SchemaError
    from .errors import SchemaMismatch as SchemaMismatch
    from .errors import ServerError as ServerError
    from .errors import SessionExpired as SessionExpired
    from .errors import SilentQueryError as SilentQueryError
    from .errors import SnapshotError as SnapshotError
    from .errors import StaleRecord as StaleRecord
    from .errors import Timeout as Timeout
    from .errors import TooManyWrites as TooManyWrites
    from .errors import TransportError as TransportError
    from .errors import Unreadable as Unreadable
    from .errors import UnsupportedQuery as UnsupportedQuery
    from .errors import ValidationFailed as ValidationFailed
    from .errors import ValuesAdjusted as ValuesAdjusted
    from .errors import VtigerError as VtigerError
    from .metadata.dependencies import Dependency as Dependency
    from .models.aggregation import AggregateRow as AggregateRow
    from .models.fetches import Prefetch as Prefetch
    from .models.grouping import GroupedQuerySet as GroupedQuerySet
    from .models.queryset import QuerySet as QuerySet
    from .models.record import Record as Record
    from .models.values import ValuesQuerySet as ValuesQuerySet
    from .package import Package as Package
    from .planner import Explanation as Explanation
    from .records.references import Ref as Ref
    from .session import Session as Session
    from .values.picklists import Choices as Choices
    from .values.picklists import Picklist as Picklist
    from .writing.line_items import LineItem as LineItem
    from .writing.report import BulkError as BulkError
    from .writing.report import BulkReport as BulkReport

__version__ = "0.1.0"

__all__ = [
    "AccessDenied",
    "Aggregate",
    "AggregateRow",
    "AggregateValue",
    "ApiError",
    "AuthError",
    "Avg",
    "BeingSaved",
    "BlockingCall",
    "BulkError",
    "BulkReport",
    "Choices",
    "ConfigError",
    "ConnectionFailed",
    "Count",
    "Dependency",
    "DoesNotExist",
    "DryRun",
    "DuplicateRecord",
    "EditionLimit",
    "Explanation",
    "Fate",
    "GroupedQuerySet",
    "InvalidId",
    "InvalidLookup",
    "InvalidRecord",
    "InvalidValue",
    "ItemsLost",
    "LimitReached",
    "LineItem",
    "MalformedAnswer",
    "MandatoryMissing",
    "Max",
    "Min",
    "MisansweredQuery",
    "MissingExtra",
    "MultipleRecords",
    "NoSession",
    "NotFound",
    "NotLoaded",
    "NotSupported",
    "Outcome",
    "OutcomeUnknown",
    "Package",
    "Picklist",
    "Prefetch",
    "Q",
    "QueryError",
    "QuerySet",
    "QuerySyntax",
    "RateLimited",
    "ReadOnly",
    "Record",
    "RecordError",
    "Ref",
    "ReferenceInvalid",
    "RegenerateNeeded",
    "Runner",
    "ScanTooLarge",
    "SchemaError",
    "SchemaMismatch",
    "ServerError",
    "Session",
    "SessionExpired",
    "SilentQueryError",
    "SnapshotError",
    "StaleRecord",
    "Sum",
    "Timeout",
    "TooManyWrites",
    "TransportError",
    "Unreadable",
    "UnsupportedQuery",
    "ValidationFailed",
    "ValuesAdjusted",
    "ValuesQuerySet",
    "VtigerError",
    "__version__",
]

_WHERE = {
    "Aggregate": "aggregates.functions",
    "AggregateValue": "aggregates.functions",
    "Avg": "aggregates.functions",
    "Count": "aggregates.functions",
    "AggregateRow": "models.aggregation",
    "GroupedQuerySet": "models.grouping",
    "Max": "aggregates.functions",
    "Min": "aggregates.functions",
    "Sum": "aggregates.functions",
    "BulkError": "writing.report",
    "BulkReport": "writing.report",
    "Choices": "values.picklists",
    "Dependency": "metadata.dependencies",
    "EditionLimit": "administration.edition_limits",
    "Explanation": "planner",
    "LineItem": "writing.line_items",
    "Package": "package",
    "Picklist": "values.picklists",
    "Prefetch": "models.fetches",
    "Q": "conditions.q",
    "QuerySet": "models.queryset",
    "Record": "models.record",
    "Ref": "records.references",
    "Runner": "calls.protocols",
    "Session": "session",
    "ValuesQuerySet": "models.values",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(
        __name__, {name: _WHERE.get(name, "errors") for name in __all__ if name[0] != "_"}
    )
