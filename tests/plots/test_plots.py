"""Figures: a finding as title, named axes, and no surprise from names or sizes."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import seaborn as sns
from matplotlib import pyplot as plt
from sklearn.metrics import silhouette_samples

from seglib.clustering.calibration import reliability
from seglib.clustering.labels import order_values
from seglib.clustering.projection import project
from seglib.clustering.segmentation import customer_segments, segment
from seglib.clustering.sizes import segment_sizes
from seglib.eda.correlation import rank_correlations
from seglib.eda.counts import calendar, claims, coupon_counts
from seglib.eda.demographics import level_shares
from seglib.eda.heterogeneity import homogeneity
from seglib.eda.redemption_curve import redemption_curve
from seglib.eda.retention import cohort_retention
from seglib.features.dictionary import dictionary
from seglib.ingest.shop import ingest
from seglib.interpretation.cards.cards import segment_cards
from seglib.interpretation.holdout.predictive_gain import COLUMNS
from seglib.interpretation.profiles.activity import activity_shares
from seglib.interpretation.profiles.coupon_usage import coupon_usage
from seglib.interpretation.profiles.means import profile
from seglib.interpretation.profiles.shares import shares
from seglib.interpretation.profiles.similarity import centre_similarity
from seglib.interpretation.profiles.strongest import strongest_markers
from seglib.k_selection.criteria.choice import elbow
from seglib.k_selection.criteria.stability import flows
from seglib.k_selection.criteria.valleys import GRID, valleys
from seglib.k_selection.validation.benchmark import benchmark
from seglib.k_selection.validation.charts import at_a_glance
from seglib.k_selection.validation.charts_example import example_chart
from seglib.k_selection.validation.charts_valleys import valley_chart
from seglib.k_selection.validation.null_models import CopulaNull
from seglib.k_selection.validation.verdict import verdict
from seglib.plots import __all__
from seglib.plots.campaign import plot_effects
from seglib.plots.clustering import plot_agreement, plot_comparison, plot_margins, plot_reliability, plot_sensitivity
from seglib.plots.eda import (
    plot_burned_by_age,
    plot_correlation,
    plot_coupon_counts,
    plot_demographics,
    plot_distributions,
    plot_homogeneity,
)
from seglib.plots.interpretation import (
    plot_gain,
    plot_gorge,
    plot_heatmap,
    plot_outcomes,
    plot_profile,
    plot_shares,
    plot_status,
)
from seglib.plots.k_selection import (
    plot_against_nulls,
    plot_elbow,
    plot_flow,
    plot_gap,
    plot_metric,
    plot_other_criteria,
    plot_other_shapes,
    plot_silhouette,
    plot_silhouette_widths,
    plot_stability,
    plot_track_record,
    plot_two_kinds,
    plot_valleys,
    plot_verdict,
)
from seglib.plots.monitoring import plot_drift, plot_migration, plot_months, plot_movement, plot_verdicts
from seglib.plots.preprocessing import plot_number_ranges, plot_variance_by_option, plot_variance_share
from seglib.plots.theme import colour, marker, palette
from seglib.preprocessing.baseline import baseline_matrix
from seglib.preprocessing.customer import customer_matrix
from seglib.preprocessing.ranges import number_ranges
from seglib.preprocessing.variance import variance_share
from seglib.study import Study
from seglib.style.wording import TRANSACTION

SUMMER = Study(as_of="2026-06-30", burn_window=90)


@pytest.fixture(autouse=True)
def close_all():
    yield
    plt.close("all")


@pytest.fixture(scope="module", params=["customer 3", "customer 2", "customer 8", "baseline 3"])
def analysed(request, prepared):
    """Everything the figures of one run are made of, with hostile names."""
    recipe, k = request.param.split()
    run, features = prepared("sample")
    hostile = {"Genoa": "a $5 <b>city</b> & a name that goes on and on for sixty characters", "Izmir": "الإسكندرية 🎟️"}
    customers = features.table.replace({"city_name": hostile})
    unified = run.read("unified").replace({"city_name": hostile})
    matrix = customer_matrix(customers) if recipe == "customer" else baseline_matrix(unified)
    order = order_values(customers, "n_burned", matrix.table.index)
    fit = segment(matrix.table, k=int(k), order_by=order, n_init=3)
    segments = customer_segments(fit.table).reindex(customers.index)
    profiles = profile(customers, segments["segment"]).table
    origins = {name: shares(customers, segments["segment"], name) for name in ("gender_name", "city_name")}
    names = {card.segment: card.name for card in segment_cards(profiles, origins)}
    some = matrix.table.to_numpy()[::20]
    nulls = [CopulaNull(some, matrix.places) for _ in range(3)]
    nulls[0].name, nulls[1].name = "gradual", "process"  # as if: the figures ask only what they are called
    few = {"n_null": 19, "n_starts": 1, "n_samples": 4, "n_splits": 2, "n_references": 5}
    benchmark_result = benchmark(some, nulls, k_max=5, **few)
    scores, bend = benchmark_result.scores, elbow(benchmark_result.of("inertia").reset_index())
    between = valleys(some, fit.numbers.to_numpy()[::20], fit.centres.to_numpy())
    widths = silhouette_samples(matrix.table.iloc[::10], fit.table["segment"].iloc[::10])
    claimed = claims(unified, run.read_table("customers"), as_of="2026-06-30")
    evidence = homogeneity(unified, run.read_table("customers"), SUMMER, n_shuffles=199)
    life = redemption_curve(unified, SUMMER)
    units = dictionary().query("role == 'segmentation'").set_index("name")["unit"].to_dict()
    moved = pd.DataFrame(
        [
            ("algorithm", "Ward", 0.9, 0.97),
            ("weight of gender and city", "2", 0.3, 0.6),
            ("contrast", "HDBSCAN", 0, 0.2),
        ],
        columns=["change", "variant", "ari", "kept"],
    )
    rows = [(s, "active", "share of customers", 50, 0.5, 0.4, 0.6, 0.55) for s in sorted(names)]
    after = pd.DataFrame(rows, columns=["segment", "outcome", "unit", "customers", "value", "low", "high", "overall"])
    gained = pd.DataFrame([("active", 500, 0.4, 0.1, 0.2, 0.45, 0.05, 0.01, 0.09, 0.01, 0.02)], columns=COLUMNS)
    return {
        "calendar": calendar(unified, SUMMER).figure,
        "coupon_counts": coupon_counts(claimed, SUMMER).figure,
        "burned_by_age": life.figure,
        "retention": cohort_retention(unified, run.read_table("customers"), SUMMER).figure,
        "demographics": lambda: plot_demographics(level_shares(customers, "city_name", levels=5), "city"),
        "homogeneity": evidence.figure,
        "distributions": lambda: plot_distributions(customers, units),
        "correlation": lambda: plot_correlation(rank_correlations(customers[list(units)]), above=0.8),
        "variance_share": variance_share(matrix).figure,
        "number_ranges": lambda: plot_number_ranges(number_ranges(matrix).table),
        "variance_by_option": lambda: plot_variance_by_option(
            pd.DataFrame(
                {w: variance_share(matrix).table.set_index("column")["share"] * (w + 1) / 3 for w in (0, 1, 2)}
            ),
            option="demographic_weight",
        ),
        "comparison": lambda: plot_comparison(pd.DataFrame([[3, 1], [0, 5]], ["At risk", "Loyal"], ["A", "B"])),
        "against_nulls": lambda: plot_against_nulls(benchmark_result.tests),
        "verdict": lambda: plot_verdict(at_a_glance(benchmark_result, int(k), verdict(benchmark_result)).table),
        "valleys": valley_chart(between, [between], n_rows=len(some)).figure,
        "example": example_chart(some, benchmark_result.examples[0], "simulated").figure,
        "two_kinds": lambda: plot_two_kinds(TWO_PEAKS),
        "other_shapes": lambda: plot_other_shapes(
            pd.DataFrame({"x": [0, 1, 2], "y": [0, 1, 0], "group": [0, 1, -1], "kmeans": [0, 0, 1]})
        ),
        "track_record": lambda: plot_track_record(TRIED),
        "elbow": lambda: plot_elbow(scores, bend, k=int(k)),
        "silhouette": lambda: plot_silhouette(scores, benchmark_result.tests["p"].max(), k=int(k)),
        "other_criteria": lambda: plot_other_criteria(scores, k=int(k)),
        "gap": lambda: plot_gap(scores, benchmark_result.gap_k, k=int(k)),
        "stability": lambda: plot_stability(scores, k=int(k)),
        "flow": lambda: plot_flow(benchmark_result.segments, benchmark_result.flows, k=int(k)),
        "silhouette_widths": lambda: plot_silhouette_widths(
            pd.DataFrame({"segment": fit.table["segment"].iloc[::10].to_numpy(), "width": widths})
        ),
        "sizes": lambda: segment_sizes(segments, fit.table).figure(),
        "projection": lambda: project(matrix.table, fit.table["segment"]).figure(),
        "margins": lambda: plot_margins(segments, near=0.2),
        "reliability": lambda: plot_reliability(
            reliability(np.linspace(0.3, 1, 200), np.arange(200) % 4 > 0).assign(simulated=20)
        ),
        "agreement": lambda: plot_agreement(segments.assign(agreement=segments["margin"]), near=0.8),
        "sensitivity": lambda: plot_sensitivity(moved, alike=0.8, contrasts=["contrast"]),
        "outcomes": lambda: plot_outcomes(after, outcome="active", names=names),
        "gain": lambda: plot_gain(gained),
        "profile": lambda: plot_profile(profiles, names),
        "heatmap": lambda: plot_heatmap(profiles),
        "gorge": lambda: centre_similarity(matrix.table, fit.centres, fit.table["segment"], names=names).figure(),
        "status": lambda: plot_status(coupon_usage(unified, fit.table, Study(as_of="2026-06-30")).table),
        "activity": activity_shares(customers, segments["segment"]).figure,
        "strongest": strongest_markers(customers, segments["segment"], profile(customers, segments["segment"])).figure,
        "metric": lambda: plot_metric(scores, "silhouette", title="A metric of one's own", k=int(k)),
        "shares": lambda: plot_shares(origins["city_name"], "city"),
        "effects": lambda: plot_effects(EFFECTS, kinds={"burned": "share"}, labels={"burned": "Burned"}),
        "migration": lambda: plot_migration(MIGRATION, kappa=0.7),
        "movement": lambda: plot_movement(MOVEMENT),
        "drift": lambda: plot_drift(DRIFT, beyond=["recency_days"]),
        "months": lambda: plot_months(MONTHS, title="One value is outside", ylabel="share", as_percent=True),
        "verdicts": lambda: plot_verdicts(VERDICTS, title="Always natural"),
    }


MIGRATION = pd.DataFrame([[8, 2], [1, 9]], ["A", "B"], ["A", "B"])

DAYS = ["2026-04-30", "2026-05-31", "2026-06-30"]

MONTHS = pd.DataFrame(
    {
        "panel": ["A"] * 3 + ["B"] * 3,
        "day": DAYS * 2,
        "value": [0.1, 0.2, 0.6] * 2,
        "stands_out": [False, False, True] * 2,
    }
).assign(low=0.05, high=0.3)

VERDICTS = pd.DataFrame({"day": DAYS, "segments": [3, 3, 4], "structure": ["natural", "natural", "borderline"]})

MOVEMENT = pd.DataFrame(
    {
        "part": ["ageing", "real movement", "redefinition", "label noise", "all"],
        "share": [0.02, 0.1, 0.03, 0.0, 0.15],
        "calm_low": [0.0, 0.01, -0.01, 0.0, 0.02],
        "calm_high": [0.02, 0.04, 0.02, 0.0, 0.06],
    }
)

DRIFT = pd.DataFrame(
    {
        "feature": ["recency_days", "burn_rate"],
        "wasserstein": [12.0, 0.01],
        "spread": [40.0, 0.3],
        "calm_low": [1.0, 0.0],
        "calm_high": [5.0, 0.03],
    }
)

EFFECTS = pd.DataFrame(
    {
        "outcome": "burned",
        "segment": ["all", "A", "B"],
        "effect": [0.02, 0.05, -0.01],
        "low": [-0.01, 0.01, -0.06],
        "high": [0.05, 0.09, 0.04],
    }
)

TWO_PEAKS = pd.DataFrame(
    {
        "feature": "burn_rate",
        "unit": "share",
        "left": [0.0, 0.5, 1.0],
        "right": [0.5, 1.0, 1.5],
        "original_left": [0.0, 0.2, 0.7],
        "customers": [9, 2, 8],
        "one_peak": [6.0, 7.0, 6.0],
        "two_kinds": [9.0, 2.0, 8.0],
    }
)

TRIED = pd.DataFrame(
    {
        "kind": ["a cloud", "two groups"],
        "groups": [0, 2],
        "customers": [1_000, 5_000],
        "draws": [20, 10],
        "natural": [1, 8],
        "reproducible": [1, 1],
        "borderline": [0, 1],
        "constructed": [18, 0],
    }
)


def test_the_track_record_counts_what_was_wrong_and_what_was_found():
    assert "without groups: 5.0%; groups found where there are some: 90%" in title_of(plot_track_record(TRIED))


def test_every_figure_is_drawn_with_title_and_named_axes(analysed):
    drawn_by = {name.removeprefix("plot_") for name in __all__ if name.startswith("plot_")}
    assert drawn_by == set(analysed)
    for name, draw in analysed.items():
        drawing = draw()
        figure = drawing.figure if hasattr(drawing, "figure") and drawing.figure is not None else drawing
        figure.canvas.draw()
        titles = [figure.get_suptitle(), *(ax.get_title(loc="left") + ax.get_title() for ax in figure.axes)]
        assert any(title.strip() for title in titles), name
        labelled = [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]
        assert (
            figure.get_supxlabel()
            or figure.get_supylabel()
            or any(ax.get_xlabel() or ax.get_ylabel() for ax in labelled)
        ), name
        assert figure.get_size_inches()[0] == pytest.approx(5.6), name


def test_axes_say_exactly_where_their_ticks_are():
    shares = pd.DataFrame({"level": list("abc"), "share": [0.16, 0.12, 0.03], "customers": [16_000, 12_000, 3_000]})
    ax = plot_demographics(shares, "city")
    for tick, label in zip(ax.get_xticks(), ax.get_xticklabels(), strict=True):
        assert float(label.get_text().rstrip("%")) == pytest.approx(100 * tick)
    counts = pd.DataFrame({"coupons": [1, 2], "customers": [1, 1], "expected": [0.9, 1.1]})
    ax = plot_coupon_counts(counts, title="Coupons")
    assert all(float(tick).is_integer() for tick in [*ax.get_xticks(), *ax.get_yticks()])


def beside(metric, values, *, first=2, null=("gradual", "process", "copula"), p=0.5, high=0.3):
    """One metric as `Benchmark.scores` has it, from k = ``first`` on."""
    k = range(first, first + len(values))
    values = {"metric": metric, "value": values, "null_median": 0.2, "null_low": 0.1, "null_high": high, "p": p}
    return pd.concat([pd.DataFrame({"k": k, "null": name} | values) for name in null], ignore_index=True)


def test_importing_the_package_changes_no_setting_of_matplotlib():
    code = (
        "import matplotlib, seaborn; before = dict(matplotlib.rcParams); import seglib.plots; "
        "assert dict(matplotlib.rcParams) == before"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_importing_any_package_changes_no_setting_of_matplotlib_or_seaborn():
    code = (
        "import importlib, pkgutil, matplotlib, seaborn; before = dict(matplotlib.rcParams); "
        "palette = seaborn.color_palette(); import seglib\n"
        "for found in pkgutil.walk_packages(seglib.__path__, 'seglib.'):\n"
        "    if not found.name.endswith(('__main__', 'spark')): importlib.import_module(found.name)\n"
        "assert dict(matplotlib.rcParams) == before\nassert seaborn.color_palette() == palette"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_palette_gives_every_segment_its_colour_in_an_own_chart():
    data = pd.DataFrame({"segment": ["C", "A", "B", "A", None], "spend": [1.0, 2, 3, 4, 5]})
    colours = palette(data["segment"])
    assert list(colours) == ["A", "B", "C"]
    figure, ax = plt.subplots()
    sns.barplot(data.dropna(), x="segment", y="spend", hue="segment", order=list(colours), palette=colours, ax=ax)
    drawn = {letter: bar.get_facecolor() for letter, group in zip("CAB", ax.containers, strict=True) for bar in group}
    for letter, shade in drawn.items():
        assert np.abs(np.array(shade[:3]) - colour(letter)).max() < 0.15  # seaborn pales it a little
    plt.close(figure)
    assert palette(["B"]) == {"B": colours["B"]}  # whatever else is there


def test_a_figure_can_be_put_into_axes_of_the_analysts_own():
    figure, (left, right) = plt.subplots(1, 2)
    scores = pd.concat([beside("inertia", [9, 4, 3], first=1), beside("silhouette", [0.5, 0.3])])
    assert plot_elbow(scores, 2, ax=left) is left
    assert plot_silhouette(scores, 0.5, ax=right) is right
    assert "k = 2" in left.get_title(loc="left")
    assert not figure.get_suptitle()


def title_of(ax):
    figure = getattr(ax, "figure", None) or ax
    return figure.get_suptitle().replace("\n", " ")


def test_titles_say_whether_shops_without_segments_do_as_well():
    scores = beside("silhouette", [0.2, 0.45, 0.3])
    assert title_of(plot_silhouette(scores, 0.05)).endswith("k = 3 (0.45), above shops without segments")
    assert title_of(plot_silhouette(scores, 0.06)).endswith("which shops without segments reach, too")
    inertia = beside("inertia", [9, 4, 3], first=1)
    assert "but shops without segments fall as fast" in title_of(plot_elbow(inertia, 2))
    assert "further down than without segments" in title_of(plot_elbow(inertia, 2, believed=True))


@pytest.mark.parametrize(
    ("p", "title"),
    [
        ((0.01, 0.05, 0.02), "stands out from shops"),
        ((0.2, 0.3, 0.9), "do as well"),
        ((0.2, 0.01, 0.3), "stands out from 1 of 3 kinds of shop without segments"),
        ((0.2, 0.01, 0.05), "stands out from 2 of 3 kinds of shop without segments"),
    ],
)
def test_the_greatest_silhouette_stands_beside_all_kinds_of_shop(p, title):
    test = {"k": 3, "value": 0.4, "null_median": 0.2, "null_low": 0.1, "null_high": 0.3}
    ax = plot_against_nulls(pd.DataFrame({"null": ["gradual", "process", "copula"], "p": p} | test))
    assert title in title_of(ax)
    kinds = [label.get_text() for label in ax.get_yticklabels()]
    assert kinds[:2] == ["customers differ gradually", "all customers alike"]
    assert len(set(kinds)) == 3
    ax = plot_against_nulls(pd.DataFrame({"null": ["copula"], "p": [0.2]} | test))
    assert "do as well" in title_of(ax)


def test_the_gap_may_choose_no_segments():
    error = beside("gap_error", [0.01] * 3, first=1, null=[""])
    for chosen, p, title in [(1, 0.5, "k = 1: no segments"), (2, 0.01, "above what"), (2, 0.5, "as it would without")]:
        scores = pd.concat([beside("gap", [0.3, 0.6, 0.5], first=1, p=p), error])
        assert title in title_of(plot_gap(scores, chosen)), title


def test_where_no_shop_without_segments_gives_stability_its_curve_is_drawn_without_a_band():
    scores = [beside(m, [0.9, 0.8], null=[""]) for m in ("segment_jaccard", "bootstrap_ari")]
    scores = [one.assign(null_median=np.nan, null_low=np.nan, null_high=np.nan, p=np.nan) for one in scores]
    figure = plot_stability(pd.concat([*scores, beside("prediction_strength", [0.9, 0.8], null=["gradual"])]))
    for ax in figure.axes:
        assert any(line.get_label() == "this shop" for line in ax.get_lines())


@pytest.mark.parametrize("stable", [0.9, 0.5])
def test_the_flow_says_which_divisions_come_back(stable):
    labels = {1: np.zeros(9, int), 2: np.repeat([0, 1], [6, 3]), 3: np.repeat([0, 2, 1], 3)}
    segments = pd.DataFrame(
        [(k, c, n, n / 9, stable) for k in (2, 3) for c, n in enumerate(np.bincount(labels[k]))],
        columns=["k", "cluster", "rows", "share", "jaccard"],
    )
    table = pd.DataFrame(flows(labels), columns=["k", "from", "to", "rows"])
    title = title_of(plot_flow(segments, table, k=2))
    good, bad = "All segments come back for k = 2, 3", "For no number of segments do all of them come back"
    assert title == (good if stable > 0.75 else bad)


def test_widths_below_zero_are_counted():
    widths = pd.DataFrame({"segment": list("AAAB"), "width": [0.5, 0.4, -0.1, 0.0]})
    assert title_of(plot_silhouette_widths(widths)).startswith("25% of the rows are nearer to another segment")


def test_titles_state_what_the_table_says():
    shares = pd.DataFrame({"column": ["city_name", "burn_rate"], "share": [0.85, 0.15]})
    assert "City holds 85%" in plot_variance_share(shares).figure.get_suptitle()
    even = shares.assign(share=[0.5, 0.5])
    assert "No column dominates" in plot_variance_share(even).figure.get_suptitle()


def test_no_elbow_is_said():
    scores = beside("inertia", [3.0, 2, 1], first=1)
    assert "no elbow" in plot_elbow(scores, None).figure.get_suptitle()


def test_a_segment_keeps_colour_and_marker_and_neighbours_differ():
    letters = "ABCDEFGHIJ"
    assert len({colour(c) for c in letters}) == len({marker(c) for c in letters}) == 10
    assert colour("B") == colour("B")


def test_a_shop_without_structure_is_titled_so(tables, write_csv):
    shop = ingest(write_csv(tables))
    study = Study(as_of="2024-06-30", burn_window=30)
    evidence = homogeneity(shop.unified.df(), shop.table("customers"), study, n_shuffles=199)
    assert plot_homogeneity(evidence.table).figure.get_suptitle() == "Nothing differs by more than chance"


def test_without_coupons_figures_speak_of_transactions(lacking):
    _, unified, customers = lacking("status", "names")
    study = Study(as_of="2026-06-30", wording=TRANSACTION)
    claimed = claims(unified, customers, as_of=study.as_of)
    for result in (calendar(unified, study), coupon_counts(claimed, study)):
        ax = result.figure()
        words = " ".join([ax.figure.get_suptitle(), ax.get_xlabel(), ax.get_ylabel(), result.alt, result.text]).lower()
        assert "transactions" in words
        assert not any(word in words for word in ("coupon", "claim", "burn"))


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.filterwarnings("error:constrained_layout not applied")
def test_few_comparisons_leave_room_for_the_figure(rows):
    table = pd.DataFrame(
        {
            "behaviour": "number of transactions", "among": ["customers", "cities"], "value": [4.0, 1], "null_low": 0.9,
            "null_high": 1.1, "p": 0.01, "differ": [True, False],
        }
    ).head(rows)  # fmt: skip
    ax = plot_homogeneity(table)
    ax.figure.canvas.draw()
    assert ax.get_window_extent().height > 0.25 * ax.figure.bbox.height


def test_names_of_the_shops_own_are_drawn_as_they_are(lacking):
    added = {"income in $1000 of the household": [1.0, 2] * 200, "tier$ of $": ["a", "b"] * 200}
    table = lacking(added=added)[0].table
    letters = pd.Series(["A", "B"] * len(table), dtype=str).head(len(table)).set_axis(table.index)
    ax = plot_heatmap(profile(table, letters).table)
    assert "income in \\$1000 of the …" in [label.get_text() for label in ax.get_yticklabels()]
    ax = plot_shares(shares(table, letters, "tier$ of $"), "tier$ of $")
    ax.figure.canvas.draw()
    assert ax.figure.get_suptitle().startswith("Tier\\$ of \\$")


def test_correlated_pairs_are_framed_and_named():
    x = pd.Series(range(30), dtype=float)
    table = pd.DataFrame({"rate": x, "n_coupons": x**2, "days": (x * 7) % 30, "tenure_days": -x})
    ax = plot_correlation(rank_correlations(table), above=0.8)
    frames = {tuple(np.floor(patch.get_xy()).astype(int)) for patch in ax.patches}
    assert frames == {(0, 0), (0, 2), (1, 2)}
    title = ax.figure.get_suptitle().replace("\n", " ")
    assert title == "As good as one number: rate with n coupons; rate with tenure days; n coupons with tenure days"
    assert ax.get_yticklabels()[-1].get_text() == "tenure days"
    loose = plot_correlation(rank_correlations(table[["rate", "days"]]), above=0.8)
    assert loose.figure.get_suptitle().startswith("No strong correlation; closest: rate and days (")
    assert "Fewer than two" in plot_correlation(rank_correlations(table[["rate"]]), above=0.8).figure.get_suptitle()


def test_the_curve_of_burning_marks_the_window_and_shows_what_ignoring_age_would_say(lacking):
    _, unified, _ = lacking()
    life = redemption_curve(unified, SUMMER)
    ax = plot_burned_by_age(life.table, window=90, title=life.finding)
    burned, naive, mark = ax.get_lines()
    assert set(mark.get_xdata()) == {90}
    assert (burned.get_ydata() > naive.get_ydata() - 1e-12).all()
    assert burned.get_ydata()[-1] > naive.get_ydata()[-1] + 0.01
    assert burned.get_ydata()[90] == life.matured["share"]
    assert ax.figure.get_suptitle().replace("\n", " ") == life.finding


def test_counts_are_drawn_bar_by_bar_and_the_longest_tail_is_named():
    table = pd.DataFrame({"n_coupons": [1, 1, 2, 3, 5] * 20, "income in $": [1.0] * 90 + [50.0] * 10})
    figure = plot_distributions(table, {"n_coupons": "coupons", "income in $": "$ a year"})
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    assert heights == [40, 20, 20, 0, 20]
    assert (
        figure.get_suptitle().replace("\n", " ")
        == r"Longest tail: income in \$, with 1 customer in 20 above 50 \$ a year"
    )
    assert "no number" in plot_distributions(table, {}).get_suptitle()


def test_of_many_comparisons_those_that_say_most_are_drawn():
    names = ["customers", "customers", *(f"own{i}" for i in range(40))]
    table = pd.DataFrame({"behaviour": "burn rate", "among": names, "value": 1.0, "null_low": 0.9, "null_high": 1.1})
    table["p"] = [1.0, 0.9, *np.linspace(0.8, 0.001, 40)]
    ax = plot_homogeneity(table.assign(differ=table["p"] < 0.03))
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert len(labels) == 20
    assert labels[:2] == ["burn rate, by customer"] * 2
    assert labels[2:] == [f"burn rate, by own{i}" for i in range(22, 40)]
    assert ax.figure.get_suptitle() == f"{(table['p'] < 0.03).sum()} of 42 comparisons show more than chance"
    assert "drawn of 42" in ax.get_xlabel()


def test_levels_that_are_cut_to_the_same_word_keep_their_own_bars():
    shares = pd.DataFrame(
        {"level": [f"{'x' * 40}{i}" for i in range(3)], "share": [0.5, 0.3, 0.2], "customers": [5, 3, 2]}
    )
    ax = plot_demographics(shares, "tier")
    assert [bar.get_width() for bar in ax.patches] == [0.5, 0.3, 0.2]
    assert len({bar.get_y() for bar in ax.patches}) == 3


def profile_of(differences, marked=0.5):
    """A profile as `seglib.interpretation.profile` gives it: features x segments of standardised differences."""
    table = pd.DataFrame(differences, list("ABCDEFGH")[: len(next(iter(differences.values())))]).rename_axis("segment")
    rows = table.reset_index().melt("segment", var_name="feature", value_name="difference")
    return rows.assign(role="segmentation", unit="days", observed=1.5, marker=rows["difference"].abs() >= marked)


def test_profile_bars_are_coloured_where_they_mark_and_like_features_stand_together():
    profiles = profile_of(
        {"rate": [1.0, -0.4, 0.0], "days": [-1, 0.3, 0.1], "money": [0.9, -0.5, 0.1], "age": [0, 0, 2]}
    )
    figure = plot_profile(profiles, {"A": "first", "B": "second", "C": "third"})
    panels = figure.axes
    order = [label.get_text() for label in panels[0].get_yticklabels()]
    assert abs(order.index("rate") - order.index("money")) == 1
    for ax, letter in zip(panels, "ABC", strict=True):
        rows = profiles[profiles["segment"] == letter].set_index("feature")
        for bar, feature in zip(ax.patches, order, strict=True):
            assert bar.get_width() == pytest.approx(rows.loc[feature, "difference"])
            coloured = bar.get_facecolor()[:3] == pytest.approx(colour(letter))
            assert coloured == rows.loc[feature, "marker"]
        assert list(ax.lines[-1].get_xdata()) == [0] * 4  # all customers


@pytest.mark.parametrize("k", [2, 3, 5, 8])
def test_long_names_of_many_segments_stay_in_their_panels(k):
    rng = np.random.default_rng(k)
    profiles = profile_of({f"a feature with a long name {i}": rng.normal(size=k) for i in range(5)})
    names = dict.fromkeys("ABCDEFGH"[:k], "Lapsed, occasional $5 collectors, mostly from 12 other places")
    X = pd.DataFrame(rng.normal(size=(40, 2)), columns=["x", "y"])
    centres = pd.DataFrame(rng.normal(size=(k, 2)), pd.Index(list("ABCDEFGH")[:k], name="segment"), ["x", "y"])
    letters = pd.Series([list("ABCDEFGH")[i % k] for i in range(40)])
    gorge = centre_similarity(X, centres, letters, names=names).figure()
    for figure in (plot_profile(profiles, names), gorge):
        figure.canvas.draw()
        drawn = [ax for ax in figure.axes if ax.axison]
        assert len(drawn) == k
        titles = [ax.title if ax.title.get_text() else ax._left_title for ax in drawn]
        boxes = [title.get_window_extent() for title in titles]
        for i, box in enumerate(boxes):
            assert box.x1 <= figure.bbox.x1 + 1
            assert not any(box.overlaps(other) for other in boxes[i + 1 :])
            assert titles[i].get_text().startswith("ABCDEFGH"[i])


def test_the_gorge_counts_who_lies_near_one_centre_only():
    centres = pd.DataFrame({"x": [0.0, 10.0]}, pd.Index(["A", "B"], name="segment"))
    matrix = pd.DataFrame({"x": [0.0, 0.5, 10.0, 5.1]})
    similarity = centre_similarity(matrix, centres, pd.Series(list("AABB")))
    assert similarity.table.sum(axis=1).to_numpy() == pytest.approx(np.ones(4))
    assert similarity.text.startswith("75% of customers")
    figure = plot_gorge(similarity.table, similarity.segments, title=similarity.finding)
    assert figure.get_suptitle().startswith("75% of customers")
    left, right = figure.axes
    for ax, letter in ((left, "A"), (right, "B")):
        others, members = ax.containers
        assert sum(bar.get_height() for bar in others) == pytest.approx(1)
        assert sum(bar.get_height() for bar in members) == pytest.approx(1)
        assert members[0].get_facecolor()[:3] == pytest.approx(colour(letter))
    assert left.containers[1][-1].get_height() == 1  # both of A are near 1


def test_valleys_have_one_panel_a_pair_and_colours_on_both_sides():
    curve = np.exp(-((np.abs(GRID) - 1) ** 2) / 0.1)
    pair = {"place": GRID, "density": curve, "null_low": np.nan, "null_high": np.nan, "density_between": 0.02}
    names = [("A", "B"), ("A", "C"), ("B", "C"), ("C", "D")]
    table = pd.concat([pd.DataFrame(pair | {"rank": i, "first": a, "second": b}) for i, (a, b) in enumerate(names)])
    figure = plot_valleys(table, separate=False)
    drawn = [ax for ax in figure.axes if ax.axison]
    assert [ax.get_xlabel() for ax in drawn] == ["from A to B", "from A to C", "from B to C", "from C to D"]
    assert len(figure.axes) == 6
    for ax, (first, second) in zip(drawn, names, strict=True):
        left, right = ax.collections
        assert tuple(left.get_facecolor()[0][:3]) == colour(first)
        assert tuple(right.get_facecolor()[0][:3]) == colour(second)
        assert left.get_datalim(ax.transData).x1 <= 0.03
        assert {text.get_text() for text in ax.texts} == {first, second}
        assert ax.get_title(loc="left") == "lowest point: 2%"
    assert figure.get_suptitle() == "Between segments A and B there is no clear valley"
    assert not figure.legends
    assert plot_valleys(table, separate=True).get_suptitle() == "Between neighbouring segments there are few customers"
