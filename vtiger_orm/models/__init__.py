"""What the files of a generated package import: the base class, field types and `field`.

Their stubs also import the types of `record.related` and `record.crm` from here.
"""

from typing import TYPE_CHECKING

from ..metadata.module import Relation
from ..records.assignable import (
    Mandatory,
    MandatoryBoolean,
    MandatoryCurrency,
    MandatoryDate,
    MandatoryDateTime,
    MandatoryDouble,
    MandatoryEmail,
    MandatoryFile,
    MandatoryImage,
    MandatoryInteger,
    MandatoryPhone,
    MandatoryReference,
    MandatorySkype,
    MandatoryString,
    MandatoryText,
    MandatoryTime,
    MandatoryUrl,
    ReadOnly,
    Reference,
)
from ..records.fields import (
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
from ..records.references import Ref
from ..values.picklists import Choices, Picklist
from .record import Record

if TYPE_CHECKING:
    from ..values.texts import Texts as Texts
    from ..writing.files import FileSource as FileSource
    from ..writing.preview import Preview as Preview
    from .crm import Crm as Crm
    from .crm_modules import AccountCrm as AccountCrm
    from .crm_modules import DocumentCrm as DocumentCrm
    from .crm_modules import InventoryCrm as InventoryCrm
    from .crm_modules import LeadCrm as LeadCrm
    from .inputs import InputModel as InputModel
    from .related import Related as Related
    from .related_manager import RelatedManager as RelatedManager

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
    "Mandatory",
    "MandatoryBoolean",
    "MandatoryCurrency",
    "MandatoryDate",
    "MandatoryDateTime",
    "MandatoryDouble",
    "MandatoryEmail",
    "MandatoryFile",
    "MandatoryImage",
    "MandatoryInteger",
    "MandatoryPhone",
    "MandatoryReference",
    "MandatorySkype",
    "MandatoryString",
    "MandatoryText",
    "MandatoryTime",
    "MandatoryUrl",
    "Phone",
    "Picklist",
    "ReadOnly",
    "Record",
    "Ref",
    "Reference",
    "Relation",
    "Skype",
    "String",
    "Text",
    "Time",
    "Url",
    "field",
]
