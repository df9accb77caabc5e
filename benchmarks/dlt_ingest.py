"""The same pages with dlt's rest_api source into DuckDB; run by the interpreter of dlt's own environment.

python dlt_ingest.py URL KEY START_MS END_MS FOLDER      prints {"seconds": …, "events": …}
"""

from __future__ import annotations

import json
import os
import sys
import time
from importlib.metadata import version
from pathlib import Path


def main(url: str, key: str, start_ms: str, end_ms: str, folder: str) -> None:
    os.chdir(folder)  # dlt looks for its settings here and finds none
    os.environ |= {
        "DLT_DATA_DIR": folder,
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "RUNTIME__LOG_LEVEL": "ERROR",
        # Files of a size that two processes can normalize, and DuckDB load, side by side.
        "DATA_WRITER__BUFFER_MAX_ITEMS": "50000",
        "EXTRACT__DATA_WRITER__FILE_MAX_ITEMS": "100000",
        "NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS": "100000",
        "NORMALIZE__WORKERS": str(os.cpu_count()),
        "LOAD__WORKERS": str(os.cpu_count()),
    }
    # dlt is in an environment of its own, which mypy does not see. It reads its settings when it is imported, which
    # is not what is measured.
    import dlt  # type: ignore[import-not-found]  # noqa: PLC0415  # reads settings
    from dlt.sources.rest_api import rest_api_source  # type: ignore[import-not-found]  # noqa: PLC0415  # reads settings

    source = rest_api_source(
        {
            "client": {
                "base_url": url,
                "auth": {"type": "http_basic", "username": key, "password": ""},
                "paginator": {
                    "type": "page_number",
                    "base_page": 1,
                    "page_param": None,
                    "page_body_path": "page",
                    "total_path": "pagination.numPages",
                },
            },
            "resources": [
                {
                    "name": "usage_events",
                    "write_disposition": "append",
                    "endpoint": {
                        "path": "teams/filtered-usage-events",
                        "method": "POST",
                        "json": {"startDate": int(start_ms), "endDate": int(end_ms), "pageSize": 1000},
                        "data_selector": "usageEvents",
                    },
                }
            ],
        }
    )
    file = Path(folder) / "dlt.duckdb"
    pipeline = dlt.pipeline("bench", destination=dlt.destinations.duckdb(str(file)), dataset_name="raw")
    began = time.perf_counter()
    pipeline.run(source, loader_file_format="parquet")
    seconds = time.perf_counter() - began
    with pipeline.sql_client() as client:
        rows = client.execute_sql("select count(*) from usage_events")
    versions = {name: version(name) for name in ("dlt", "duckdb")}
    print(json.dumps({"seconds": seconds, "events": rows[0][0], **versions}))


if __name__ == "__main__":
    main(*sys.argv[1:])
