"""Figures over many records: `Sum`, `Count` and their kin, of a whole selection or by group."""

from __future__ import annotations

from .functions import Aggregate, AggregateValue, Avg, Count, Max, Min, Sum

__all__ = ["Aggregate", "AggregateValue", "Avg", "Count", "Max", "Min", "Sum"]
