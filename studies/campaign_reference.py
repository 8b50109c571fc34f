"""Values of `tea-tasting` for tests: what it computes of made-up tests, to compare `seglib.campaign` with.

tea-tasting is no dependency of this project. In an environment of its own::

    python3 -m venv /tmp/tea && /tmp/tea/bin/pip install tea-tasting==1.14.0 pandas
    /tmp/tea/bin/python studies/campaign_reference.py > studies/campaign_reference.json

The data are made without random numbers, so that they are the same for every version of numpy.
"""

import json
import sys

import numpy as np

N, MODULUS = 900, 2147483647


def made_up_test(n: int = N) -> dict[str, np.ndarray]:
    """Return a made-up test: control (0 or 1), before, spend (skewed), burned (0 or 1)."""
    numbers, state = [], 20240229
    for _ in range(4 * n):
        state = state * 48271 % MODULUS  # Park & Miller's generator
        numbers.append(state / MODULUS)
    u = np.array(numbers).reshape(n, 4)
    control = (u[:, 0] < 0.3).astype(int)
    before = -20 * np.log(u[:, 1])
    spend = np.where(u[:, 2] < 0.5, 0.6 * before - 10 * np.log(u[:, 3]) + 2 * (1 - control), 0.0)
    burned = (u[:, 3] < 0.2 + 0.004 * np.minimum(before, 60) + 0.05 * (1 - control)).astype(int)
    return {"control": control, "before": before, "spend": spend, "burned": burned}


def main() -> None:
    """Print what tea-tasting computes."""
    import pandas as pd
    import tea_tasting as tt

    data = pd.DataFrame(made_up_test()).assign(variant=lambda rows: 1 - rows["control"])
    experiment = tt.Experiment(
        {
            "welch spend": tt.Mean("spend", use_t=True, equal_var=False),
            "cuped spend": tt.Mean("spend", covariate="before", use_t=True, equal_var=False),
            "cuped burned": tt.Mean("burned", covariate="before", use_t=True, equal_var=False),
            "ratio": tt.SampleRatio({0: 0.3, 1: 0.7}, method="norm", correction=False),
        },
    )
    result = experiment.analyze(data[["variant", "before", "spend", "burned"]], control=0)
    fields = ("control", "treatment", "effect_size", "effect_size_ci_lower", "effect_size_ci_upper", "pvalue")
    values = {
        name: {field: float(getattr(result[name], field)) for field in fields if hasattr(result[name], field)}
        for name in experiment.metrics
    }
    json.dump({"tea-tasting": tt.__version__, "n": N, **values}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
