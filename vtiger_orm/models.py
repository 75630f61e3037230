"""What the files of a generated package import: the base class, field types and `field`."""

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
