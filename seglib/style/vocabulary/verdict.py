"""The words of the verdict for a manager: is it real, is it useful, what to do? By the label that decides.

Analysts read more (`seglib.k_selection.validation.verdict_words`), in English. Here customers are in groups, there in
segments.
"""

from __future__ import annotations

STRUCTURES: dict[str, str] = {
    "natural": "natural",
    "reproducible": "reproducible",
    "constructed": "constructed",
    "borderline": "borderline",
}
"""The labels of the structure."""

HEADLINES: dict[str, str] = {
    "natural": "Yes: customers form clumps",
    "reproducible": "The groups come back, but where one ends is a choice",
    "constructed": "Not shown: the method may have made these groups",
    "borderline": "Borderline: the evidence does not decide",
    "two_kinds": "Two kinds of customers in {features}, and nothing more was shown",
    "other_shape": "There are groups, but KMeans cuts across them",
}
"""The verdict in a few words, by its label; where the only evidence is that of one trait, or of groups of another
shape, by that."""

MEANING: dict[str, str] = {
    "natural": "The data are clumped by themselves, and the groups follow the clumps.",
    "reproducible": "Other samples of these customers are divided in the same way, but where one group ends and the "
    "next begins is a choice.",
    "constructed": "The groups are made by the method: nothing shows that the data ask for them.",
    "borderline": "With other random numbers the answer is another one. Treat it as the weakest of them.",
    "given constructed": "The groups are made by whoever drew them: nothing shows that the data ask for them.",
    "given reproducible": "Other samples of these customers are divided in nearly the same way, but where one group "
    "ends and the next begins is a choice.",
}
"""What the labels mean (Dolnicar & Leisch 2010, Marketing Letters 21(1)); "given": the groups came from somebody
else."""

_AS_AGE_GROUPS = (
    "Use the groups for what they were drawn for, as one uses age groups. Do not read a character into one."
)

_WHAT_NEXT = "Whether they help is another question: what do these customers do next?"

_NO_CHARACTER = "Do not read a character into a group."

ADVICE: dict[str, str] = {
    "natural": "You can plan with these groups.",
    "natural dated": f"You can plan with these groups. {_WHAT_NEXT}",
    "reproducible": "You can work with these groups as with age groups. Treat customers near a border alike.",
    "constructed": "Choose as many groups as you can serve, and prefer simple rules that anybody can follow. "
    f"{_NO_CHARACTER}",
    "constructed dated": "Choose as many groups as you can serve, and prefer simple rules that anybody can follow, "
    f"such as how recently and how often a customer was there. {_NO_CHARACTER}",
    "given constructed": _AS_AGE_GROUPS,
    "given constructed dated": f"{_AS_AGE_GROUPS} {_WHAT_NEXT}",
    "artefacts": "Do what the audit in 03 says and run again, before you plan with these groups.",
    "natural, useful": "You can plan with these groups: they are there, and they tell what customers do next.",
    "natural, not shown to be useful": "The clumps are there, and describe your customers. To choose whom to write "
    "to, recency and frequency say as much.",
    "reproducible, useful": "You can work with these groups as with age groups: where one ends is a choice, but they "
    "tell what customers do next. Treat customers near a border alike.",
    "reproducible, not shown to be useful": "You can describe customers with these groups as with age groups. To "
    "choose whom to write to, recency and frequency say as much.",
    "constructed, useful": "The groups are cut as price brackets are, and yet they tell what customers do next: use "
    "them for that, and do not read a character into a group.",
    "constructed, not shown to be useful": "Prefer simple rules that anybody can follow, such as how recently and how "
    "often a customer was there: for what customers do next they say as much. If you do use these groups, choose as "
    "many as you can serve, and do not read a character into one.",
    "alike": "Nothing here predicts what customers do next. Treat all customers alike, and test one offer on a random "
    "half of them.",
}
"""What follows: from the label ("dated": the shop has dates), and once it is known whether the groups are useful, from
both; "alike" where neither groups nor recency, frequency and money predict anything."""

_BY_HABIT = "Choose whom to write to by how recently and how often they came."

MONDAY: dict[str, str] = {
    "natural, useful": "Plan one offer per group, and test each beside its comparison group.",
    "natural, not shown to be useful": f"{_BY_HABIT} Test the ideas below.",
    "natural, cannot be said": "Try one offer per group, each beside its comparison group.",
    "reproducible, useful": "Plan one offer per group, and treat customers near a border alike.",
    "reproducible, not shown to be useful": f"{_BY_HABIT} Test the ideas below.",
    "reproducible, cannot be said": "Try one offer per group, and treat customers near a border alike.",
    "constructed, useful": "Use the groups to foresee what customers do, not as types of people.",
    "constructed, not shown to be useful": f"{_BY_HABIT} Test one offer on a random half.",
    "alike": "Treat all customers alike, and test one offer on a random half.",
}
"""What to do first, by structure and usefulness."""

USEFULNESS: dict[str, str] = {
    "useful": "useful",
    "not shown to be useful": "not shown to be useful",
    "cannot be said": "use not known",
    "not tested": "not tested",
}
"""The labels of usefulness."""

USE_ANSWERS: dict[str, str] = {
    "useful": "Yes, they tell what customers do next",
    "not shown to be useful": "That was not shown",
    "cannot be said": "That cannot be said yet",
    "not tested": "That was not tested",
}
"""The same as an answer."""

USE: dict[str, str] = {
    "useful": "Added to tenure and RFM, the group improves the forecast of what customers do next.",
    "more than chance": "The group says more than chance about what customers do next, but not enough to make "
    "predictions from tenure and RFM clearly better.",
    "not shown to be useful": "What customers do next was predicted no better with the group than with tenure and RFM "
    "only.",
    "cannot be said": "Whether the groups are useful cannot be said.",
    "not tested": "Whether the groups are useful was not tested.",
}
"""Why."""
