"""Run every benchmark of this directory, or those named: `python -m benchmarks [decode …]`.

A benchmark is a module with `run() -> dict`, which prints its table and returns its figures. All figures of a
run go into `benchmarks/results.json`, with what they were measured on.
"""

import importlib
import json
import os
import platform
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    names = sys.argv[1:] or sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_"))
    results: dict[str, object] = {
        "machine": {
            "python": platform.python_version(),
            "system": platform.platform(),
            "cores": os.cpu_count(),
        },
    }
    for name in names:
        print(f"── {name}", flush=True)
        results[name] = importlib.import_module(f"benchmarks.{name}").run()
    (HERE / "results.json").write_text(json.dumps(results, indent=2, default=str) + "\n")
    print("figures: benchmarks/results.json")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
