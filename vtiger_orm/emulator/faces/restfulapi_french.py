"""Labels of picklist values as the RestfulApi module tells them: French, whatever language its user
has, as it looks for the language files where they are not.

Seen was that labels are French and keys are right; the words themselves were not written down.
These are plain translations of values of a fresh install. A value that is not among them keeps its
text, as one does that nobody translated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

FRENCH: Final[Mapping[str, str]] = {
    "Acquired": "Acquis",
    "Active": "Actif",
    "Inactive": "Inactif",
    "Banking": "Banque",
    "Insurance": "Assurance",
    "Construction": "Bâtiment",
    "Chemicals": "Chimie",
    "Cold Call": "Appel à froid",
    "Existing Customer": "Client existant",
    "Employee": "Employé",
    "Trade Show": "Salon",
    "Customer": "Client",
    "Competitor": "Concurrent",
    "Press": "Presse",
    "Other": "Autre",
    "Created": "Créé",
    "Approved": "Approuvé",
    "Delivered": "Livré",
    "Cancelled": "Annulé",
    "Accepted": "Accepté",
    "Rejected": "Rejeté",
    "Paid": "Payé",
    "Open": "Ouvert",
    "Closed": "Fermé",
    "In Progress": "En cours",
    "Completed": "Terminé",
    "Planned": "Planifié",
    "Held": "Tenu",
    "High": "Haute",
    "Medium": "Moyenne",
    "Low": "Basse",
    "Normal": "Normale",
    "Urgent": "Urgente",
    "Cold": "Froid",
    "Hot": "Chaud",
    "Call": "Appel",
    "Meeting": "Réunion",
}
