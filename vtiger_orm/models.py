"""What the files of a generated package import: the base class, field types and `field`.

Their stubs also import the types of `record.related` and `record.crm` from here.
"""

from typing import TYPE_CHECKING

from .fields import (
    Boolean,
    Currency,
    Date,
    DateTime,
    Double,
    Email,
    File,
    Image,
    Integer,
    Phone,
    Skype,
    String,
    Text,
    Time,
    Url,
    field,
)
from .metadata.module import Relation
from .picklists import Choices, Picklist
from .records import Record
from .references import Ref

if TYPE_CHECKING:
    from .operations.crm_modules import AccountCrm as AccountCrm
    from .operations.crm_modules import DocumentCrm as DocumentCrm
    from .operations.crm_modules import InventoryCrm as InventoryCrm
    from .operations.crm_modules import LeadCrm as LeadCrm
    from .operations.relations import RelatedManager as RelatedManager
    from .related import Related as Related

__all__ = [
    "Boolean",
    "Choices",
    "Currency",
    "Date",
    "DateTime",
    "Double",
    "Email",
    "File",
    "Image",
    "Integer",
    "Phone",
    "Picklist",
    "Record",
    "Ref",
    "Relation",
    "Skype",
    "String",
    "Text",
    "Time",
    "Url",
    "field",
]
