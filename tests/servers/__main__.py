"""The table "feature x server", as Markdown: ``python -m tests.servers``."""

from __future__ import annotations

from tests.servers.features import FEATURES, outcome
from tests.servers.world import DOORS


def main() -> None:
    print(f"| feature | {' | '.join(DOORS)} |")
    print(f"| --- |{' --- |' * len(DOORS)}")
    reasons: dict[str, int] = {}
    for feature in FEATURES:
        cells = []
        for server in DOORS:
            found, _, reason = outcome(server, feature).partition(": ")
            cells.append(
                f"{found} ({reasons.setdefault(reason, len(reasons) + 1)})" if reason else found
            )
        print(f"| {feature} | {' | '.join(cells)} |")
    print()
    for reason, number in reasons.items():
        print(f"{number}. {' '.join(reason.split())}")


if __name__ == "__main__":
    main()
