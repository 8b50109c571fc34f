"""Quantiles of the dip of uniform samples, for `seglib.stats.dip_p_value`.

    python studies/dip_table.py          # 100,000 samples of each size: some minutes on one core

Writes seglib/stats/dip_quantiles.csv: one line a size, one column a p-value, the quantiles of sqrt(n) * dip in between.
The published table (Hartigan & Hartigan 1985, table 1) and any other simulation must agree within its own error; tests
compare three of the 95% points.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from seglib.stats import dips

TABLE = Path(__file__).resolve().parents[1] / "seglib" / "stats" / "dip_quantiles.csv"
SIZES = (4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 30, 50, 100, 200, 500, 1000, 2000, 5000)
LEVELS = (0.99, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.15, 0.1, 0.07, 0.05, 0.03, 0.02, 0.01, 0.005, 0.002)
LEVELS += (0.001, 0.0005, 0.0002, 0.0001)
DRAWS, AT_ONCE = 100_000, 1000


def main() -> None:
    """Simulate all sizes and write the table."""
    lines = ["n," + ",".join(f"{level:g}" for level in LEVELS)]
    for n in SIZES:
        rng = np.random.default_rng([0, n])
        scaled = np.sqrt(n) * np.concatenate([dips(rng.random((AT_ONCE, n))) for _ in range(DRAWS // AT_ONCE)])
        lines.append(f"{n}," + ",".join(f"{q:.5f}" for q in np.quantile(scaled, 1 - np.array(LEVELS))))
        TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
