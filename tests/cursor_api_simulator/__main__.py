"""`python -m tests.cursor_api_simulator --port 8765`: the simulator in the foreground, until Ctrl-C."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from dataclasses import fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from tests.cursor_api_simulator import (
    DEFAULT_KEY,
    FAULTS,
    Access,
    Clock,
    Company,
    CompanyOptions,
    Faults,
    Quirks,
    Simulator,
)


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    stop = threading.Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, lambda *_: stop.set())
    try:
        company = Company(**_company_options(options))
        clock = _clock(options)
        simulator = Simulator(company, clock=clock, access=_access(options), host=options.host, port=options.port)
        for text in options.fault:
            _add_fault(simulator.faults, text)
        if options.warm_days:
            company.warm(clock.now_ms() - options.warm_days * 86_400_000, clock.now_ms())
        simulator.start()
    except (ValueError, TypeError, OSError) as error:
        sys.stderr.write(f"cursor_api_simulator: {error}\n")
        return 2
    sys.stdout.write(f"Cursor API simulator: {simulator.url} key {simulator.key}\n")
    sys.stdout.flush()
    stop.wait()
    simulator.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.cursor_api_simulator",
        description="A stand-in for the Cursor Admin API, of a made-up company.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 in a container (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8765, help="0: any free one, printed (default: %(default)s)")
    parser.add_argument("--key", default=DEFAULT_KEY, help="the key that is accepted")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--seats", type=int, default=76)
    parser.add_argument("--events-per-day", type=int, default=900, help="mean of a weekday")
    parser.add_argument("--cycle-day", type=int, default=3, help="day of the month on which a billing cycle starts")
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any other option of the company, e.g. included_field=mixed (VALUE as JSON or text)",
    )
    parser.add_argument(
        "--quirk", action="append", default=[], metavar="NAME=SHARE", help="share of events, e.g. unknown_kind=0.01"
    )
    when = parser.add_mutually_exclusive_group()
    when.add_argument("--clock", help="freeze the clock: an ISO instant, or `today` (00:00 UTC); default: tick")
    when.add_argument("--clock-offset", type=float, default=0.0, metavar="HOURS", help="tick so many hours off")
    parser.add_argument("--plan", choices=("team", "pro", "hobby"), default="team")
    parser.add_argument("--refuse", action="append", default=[], metavar="ENDPOINT[:STATUS]", help="403 by default")
    parser.add_argument("--error-shape", choices=("live", "doc"), default="live")
    parser.add_argument("--requests-per-minute", type=int, help="per endpoint; default: no limit")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME[:ENDPOINT[:TIMES]]",
        help=f"ENDPOINT empty: any; TIMES default 1, 0: for ever. NAME: {', '.join(sorted(FAULTS))}; or a JSON object",
    )
    parser.add_argument("--warm-days", type=int, default=0, help="generate so many days before the first request")
    return parser


def _company_options(options: argparse.Namespace) -> dict[str, Any]:
    known = {field.name for field in fields(CompanyOptions)}
    chosen: dict[str, Any] = {
        "seed": options.seed,
        "seats": options.seats,
        "events_per_day": options.events_per_day,
        "cycle_day": options.cycle_day,
    }
    chosen |= _named_values(options.option, known - {"quirks"}, "option")
    if "founded" in chosen:
        chosen["founded"] = date.fromisoformat(chosen["founded"])
    if "cycle_time" in chosen:
        chosen["cycle_time"] = time.fromisoformat(chosen["cycle_time"])
    quirks = _named_values(options.quirk, {field.name for field in fields(Quirks)}, "quirk")
    return chosen | {"quirks": Quirks(**quirks)}


def _named_values(texts: list[str], known: set[str], what: str) -> dict[str, Any]:
    values = {}
    for text in texts:
        name, _, value = text.partition("=")
        if name not in known:
            message = f"no {what} is called {name!r}; there are {', '.join(sorted(known))}"
            raise ValueError(message)
        values[name] = _value(value)
    return values


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _clock(options: argparse.Namespace) -> Clock:
    if options.clock is None:
        return Clock(offset=timedelta(hours=options.clock_offset))
    return Clock(datetime.now(UTC).date() if options.clock == "today" else options.clock)


def _access(options: argparse.Namespace) -> Access:
    refused = {}
    for text in options.refuse:
        endpoint, _, status = text.partition(":")
        refused[endpoint] = int(status or 403)
    return Access(
        key=options.key,
        plan=options.plan,
        refused=refused,
        error_shape=options.error_shape,
        requests_per_minute=options.requests_per_minute,
    )


def _add_fault(faults: Faults, text: str) -> None:
    if text.startswith("{"):
        faults.add_from(json.loads(text))
        return
    name, _, rest = text.partition(":")
    endpoint, _, times = rest.partition(":")
    faults.add(name, endpoint or None, times=(int(times) or None) if times else 1)


if __name__ == "__main__":
    raise SystemExit(main())
