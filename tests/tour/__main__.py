"""Write the tour of the rooms into CONTRIBUTING anew: ``python -m tests.tour``."""

from __future__ import annotations

from tests.tour.walks import GUIDE, both, told, written

if __name__ == "__main__":
    text = GUIDE.read_text("utf-8")
    GUIDE.write_text(text.replace(written(), told(both())), "utf-8")
