"""Two warehouses that were built and tested, and one folder that both are published to in turn."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cursor_usage.settings import DataDir
from tests.faults.child import ALL_STEPS, Run
from tests.faults.company import Restatement
from tests.faults.invariants import Fingerprint, Violation, Watch
from tests.faults.points import Strike
from tests.faults.tally import Tally
from tests.faults.world import Outcome, World

GOOD_IN_BETWEEN = 0.3


@dataclass(frozen=True)
class Built:
    """A tested warehouse: the run that built it, the landing it was loaded from, its marts' rows and hashes."""

    run_id: str
    warehouse: Path
    landing: Path
    marts: dict[str, Fingerprint]


def build_two(world: World, root: Path) -> tuple[Built, Built]:
    """Two days' runs of one data directory; some days of the first are restated in the second."""
    data = DataDir(root / "data")
    watch = Watch(data.root, world.keys())
    built = []
    for run_id in ("first", "second"):
        outcome = world.run(data.root, Run(run_id, 0, datetime.now(UTC), (), ALL_STEPS))
        if outcome.report is None or outcome.report.errors:
            raise Violation(f"{outcome} failed: {outcome.report and outcome.report.errors}")
        watch.check()
        kept = root / f"{run_id}.duckdb"
        shutil.copyfile(data.warehouse, kept)
        marts = {name: rows for name, rows in watch.published.tables.items() if name != "publications"}
        built.append(Built(run_id, kept, data.landing, marts))
        world.clock.advance(timedelta(days=1))
        for company in world.companies.values():
            company.restatements[world.newest_closed_date - timedelta(days=2)] = Restatement(150, 5)
    return built[0], built[1]


class Publisher:
    """Publishes one or the other built warehouse to one folder, in a child that may be struck."""

    def __init__(self, world: World, root: Path, built: tuple[Built, Built], tally: Tally) -> None:
        self.world = world
        self.data = DataDir(root)
        shutil.copytree(built[-1].landing, self.data.landing)
        self.watch = Watch(root, world.keys())
        self.tally = tally

    def use(self, built: Built) -> None:
        """Makes the built warehouse the data directory's."""
        self.data.warehouse.with_name(self.data.warehouse.name + ".wal").unlink(missing_ok=True)
        shutil.copyfile(built.warehouse, self.data.warehouse)

    def publish(self, built: Built, strike: Strike | None = None, bugs: tuple[str, ...] = ()) -> Outcome:
        run = Run(built.run_id, 0, datetime.now(UTC), (), ("publish",), strike=strike, bugs=bugs)
        outcome = self.world.run(self.data.root, run)
        self.tally.runs += 1
        if strike is not None:
            self.tally.add(outcome.point, has_struck=outcome.has_struck)
        try:
            self.watch.check()
        except Violation as violation:
            raise Violation(f"after {outcome}: {violation}") from None
        return outcome

    def publish_well(self, built: Built) -> None:
        """Publishes without a strike: what is there then is what was built, and nothing beside it."""
        outcome = self.publish(built)
        if outcome.report is None or outcome.report.errors:
            raise Violation(f"{outcome} failed: {outcome.report and outcome.report.errors}")
        published = self.watch.published
        tables = {name: rows for name, rows in published.tables.items() if name != "publications"}
        if tables != built.marts or published.parquet != published.tables:
            raise Violation(f"{outcome}: what is published is not what was built")
        if leftover := [*self.data.published.glob("*partial*")]:
            raise Violation(f"{outcome}: old files were left behind: {leftover}")

    def strike(self, built: tuple[Built, Built], strikes: list[Strike], draw: random.Random) -> None:
        """Publishes the two in turn with a strike each time, and now and then without one."""
        for at, strike in enumerate(strikes):
            this = built[at % 2]
            self.use(this)
            self.publish(this, strike)
            if draw.random() < GOOD_IN_BETWEEN:
                self.publish_well(this)
        for this in built:
            self.use(this)
            self.publish_well(this)
