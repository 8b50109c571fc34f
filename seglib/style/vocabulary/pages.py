"""The words of the pages for a manager: the first page, those of the groups, the glossary, the sheet to print.

Templates and functions of `seglib.report` name a text by its key: ``text("groups")`` in a template. Fields are filled
as those of the cards are (`seglib.style.vocabulary.cards`); numbers are written as the language writes them.
"""

from __future__ import annotations

PAGES: dict[str, str] = {
    # all pages
    "skip": "Skip to the content",
    "footer": "Made by seglib {version}.",
    "english": "",
    "english page": "",
    "ask": "What does “{word}” mean?",
    "cities": ", customers of {cities} only",
    "period": ", {first} to {last}",
    "state": ", state of {day}",
    "all customers": "all customers: {value}",
    "not from": "(did not build the groups)",
    "as CSV": "{what}, {letter}, as CSV",
    "send": "Send to {n}",
    "control": "Control {n}",
    # the first page: head
    "title": "Customer groups · {run}",
    "reports": "Reports",
    "all runs": "All runs",
    "on this page": "On this page",
    "groups": "Groups",
    "test": "Test",
    "changes": "Changes",
    "left out": "Left out",
    "lists": "Lists",
    "evidence": "Evidence",
    "glossary": "Glossary",
    "to print": "To print",
    "heading": "{placed} customers, in {k} groups",
    "of": "{n} of {all}",
    "verdict": "Verdict",
    "real": "Are the groups real?",
    # figures
    "placed": "customers in groups",
    "rows left out": "rows left out",
    "in money": "worth {money}",
    "number of groups": "groups",
    "largest": "in the largest group",
    "points more": "{n} points",
    # the table of the groups
    "group": "Group",
    "list": "List",
    "customers": "Customers",
    "a test shows": "A test shows",
    "points": "{n} points",
    "all": "All",
    # cards
    "who": "Who, and what to try",
    "all are": "all: {value}",
    "more": "More",
    # test
    "test it": "Test it",
    "how to test": "Send the offer to the first list, nothing new to the control list.",
    "compare": "Then compare.",
    "chance": "Less than “a test shows” may be chance.",
    "test size": "Test size",
    "best test": "A test shows most in group {letter}.",
    "larger control": "A larger control group shows smaller changes. For a random half, make the report with a control "
    "share of 0.5.",
    "again": "Make this report again before each campaign: customers move.",
    "no test size": "How large a change must be is not known: this source holds nothing that a test could count.",
    # changes
    "changes since": "Changes since {day}",
    "who moved": "Who?",
    "moves": "From where to where",
    "moves table": "Customers by group before and now",
    "moves caption": "Customers by their group before (rows) and now (columns)",
    "before": "before",
    "now": "now",
    "now in": "now {letter}",
    "what differs": "What differs",
    "two runs": "This run and the one before",
    "what": "what",
    "same data": "The same data.",
    "new data": "New data.",
    "nothing moved": "The same data, and no customer changed group.",
    "nobody in both": "No customer is in both runs.",
    "moved": "Of {both} customers in both, {n} changed group.",
    "came": "{n} came.",
    "left": "{n} left.",
    "letters": "Letters may be new: align_to keeps them.",
    "started": "started (UTC)",
    "from": "source",
    "looked at": "looked at on",
    "recipe": "recipe",
    "number of customers": "customers",
    "rows set aside": "rows set aside",
    "segments": "segments",
    "silhouette": "mean silhouette",
    "are they real": "are they real?",
    "are they useful": "are they useful?",
    "customers of": "customers of {letter}",
    # left out
    "without transaction": "{n} customers without a {coupon} are in no group.",
    "without label": "{n} customers have no label.",
    "row of": "{n} row of {table}{money}",
    "rows of": "{n} rows of {table}{money}",
    "finding": "{rows}: {sentence}",
    "nothing left out": "No row was left out.",
    "other findings": "Other findings",
    "rows": "{came} rows came in, {accepted} were accepted, {aside} set aside.",
    "all findings": "All findings, with examples",
    # lists
    "all lists": "All lists",
    "segments.csv": "all customers",
    "audience/README.txt": "how to read a list",
    "customers_without_transaction.csv": "customers in no group",
    "privacy": "Privacy",
    "privacy lists": "A list holds ids, groups and probabilities.",
    "privacy checked": "It can be checked by eye: {columns}.",
    "last day": "the last day",
    "share used": "the share of {coupons} used",
    "place": "the {place}",
    "privacy ids": "Ids are personal data in most countries. The pages show a few customers by their id.",
    "privacy pages": "The pages fetch nothing and send nothing.",
    # evidence
    "real and useful": "Real? Useful?",
    "evidence table": "The evidence",
    "evidence caption": "The evidence, beside shops without groups",
    "evidence of": "evidence",
    "found": "found",
    "without groups": "without groups",
    "holds": "holds",
    "yes": "yes",
    "no": "no",
    "evidence pages": "The evidence, beside shops without groups",
    "and next": ", and",
    "what next": "what customers did next",
    "why so many": "Why {k} groups? Of the numbers whose groups come back with other customers, {k} fits best.",
    "why a choice": "Why {k} groups? The data name no number: {k} is a choice.",
    "in numbers": "Mean silhouette {silhouette:.3f}, inertia {inertia:,.1f}: neither says by itself that there are "
    "groups.",
    "technical checks": "Technical checks",
    "checks, findings": "Technical checks: {n} findings",
    "checks, finding": "Technical checks: 1 finding",
    "findings in step 3": "What they found is in step 3.",
    "no finding": "{n} checks found nothing. They do not say whether groups exist.",
    "what was checked": "What was checked, and what was measured",
    "limits": "Limits",
    "limit average": "A group is an average of its customers; most of them differ from it in something.",
    "limit offer": "Nothing here shows that an offer works better in one group than in another. Only a test can.",
    "limit day": "It is the shop as it stood on {day}; customers move on.",
    "limit table": "It is the table as it was read; customers move on.",
    "steps": "Steps",
    "with code": "with code",
    "page with code": "{title}, with code",
    # for IT
    "for IT": "For IT",
    "model.skops": "places new customers (seglib score)",
    "scoring.sql": "the same as one SQL statement, from features",
    "scoring_from_tables.sql": "the same from the tables",
    "run.json": "this page for machines, with parameters and versions",
    "notebooks": "the executed notebooks:",
    "no PDF": "{note}",
    "keep together": "Keep the folder together: links need it.",
    "run": "Run {run}, recipe {recipe}, made on {moment} in {seconds}, seed {seed}.",
    "same again": "The same input, parameters and versions give the same groups. The model holds no customer; "
    "passwords of databases are never written down.",
    "parameters": "Parameters",
    "parameters caption": "Parameters of this run, by notebook",
    "notebook": "notebook",
    "parameter": "parameter",
    "value": "value",
    # what has moved since an earlier run
    "moved since": "What has moved since {day}?",
    "since": "Since {day}, run {run}",
    "moved list": "who moved",
    "moved customers": "{n} in another group",
    "joined customers": "{n} new",
    "lost customers": "{n} no longer there",
    "for machines": "for machines",
    # the page of a group
    "report": "Report",
    "all groups": "All groups",
    "size": "{n} of {all} customers in groups, {share}.",
    "no list": "Too few for a list of their own.",
    "who they are": "Who they are",
    "work": "{work}: {share}.",
    "near border": "{n} of {all} may belong to another group.",
    "nobody sure": "Nobody surely belongs here.",
    "typical": "A typical customer",
    "what they did": "What they did next",
    "then": "On {day}, {n} customers were in such a group. This is what they did afterwards.",
    "then table": "What the group did next, beside all customers",
    "after": "after {day}",
    "group of": "group {letter}",
    "everybody": "all",
    "no next": "What such customers did next is not known: no group of an earlier day is like this one.",
    "no dates": "What such customers do next is not known: this source has no dates.",
    "recognise": "How to recognise them",
    "no rule": "No short rule leads to this group. Use the list.",
    "try": "What to try",
    "no idea": "The data suggest no offer. Choose one, and test it beside the control list.",
    "not to conclude": "What not to conclude",
    "more numbers": "More numbers",
    # the sheet to print
    "sheet title": "Groups of run {run}",
    "sheet report": "The whole report of run {run}",
    "sheet": "One page to hand on",
    "sheet PDF": "This page as PDF",
    "sheet kicker": "Customer groups · run {run}",
    "useful": "Are they useful?",
    "to do": "What to do?",
    "who, sheet": "Who they are, and what to try",
    "one customer": "1 customer, {share}",
    "many customers": "{n} customers, {share}",
    "try it": "Try:",
    "sheet nobody": "What an offer changes in a group, nobody has tried: keep a control group beside every test.",
    "sheet single": "Single customers differ from their group, most of all near a border.",
    "sheet data": "The data, and the lists",
    "sheet made": "Recipe {recipe}, made on {moment}.",
    "sheet all": "All customers:",
    "sheet lists": "For an offer, without the control group:",
    "sheet footer": "One page of the report of run {run}; printed, it is one sheet of A4.",
}
"""Every text of the pages, by a key that says where it stands. ``english`` is shown in another language only: that some
pages are in English."""

MOMENT = "{day} {mon} {year}, {time} UTC"
"""A point in time, with the fields of ``DAY``, ``mon`` (three letters of the month) and ``time``."""

TABLES: dict[str, str] = {
    "transactions": "transactions",
    "customers": "customers",
    "coupons": "coupons",
    "merchants": "merchants",
    "cities": "cities",
    "genders": "genders",
}
"""What the tables of the source are called."""

FINDINGS: dict[str, str] = {
    "left_out": "the mapping file leaves them out",
    "not_asked_for": "they are of other places",
    "missing": "{column} is empty",
    "unreadable": "{column} cannot be read",
    "unknown": "{column} is not known",
    "duplicate": "{column} is there twice",
    "out_of_range": "{column} is out of range",
    "after_as_of": "after the day of this report",
    "before_join": "before the customer joined",
    "absent": "{column} is not recorded",
    "constant": "{column} is the same everywhere",
    "unique": "{column} occurs once only",
    "no_transaction": "nothing is recorded of them",
    "unused": "nobody was there",
    "other": "the reason is in step 1",
}
"""Why rows were set aside or are remarked on, by what the rule asks: where the contract's own sentence cannot stand,
since it has words that are replaced, or another language."""

QUESTIONS: dict[str, str] = {
    "01_ingest": "Can this data be trusted?",
    "02_eda": "Who are the customers, and do they differ at all?",
    "03_preprocessing": "What describes a customer, and how much does each thing weigh?",
    "04_k_selection": "Is there structure, and how many segments?",
    "05_clustering": "Who belongs where, and how surely?",
    "06_interpretation": "What is each segment, and what would you do with it?",
}
"""The questions of the notebooks, where a file of words names them; else each notebook asks its own."""

MOVED: dict[str, str] = {
    "nothing": "Nothing has moved beyond noise.",
    "ageing": "The clock has moved customers, and not what they did.",
    "movement": "Customers have moved, more than in calm months.",
    "redefinition": "The groups themselves have become others.",
    "drift": "What describes customers has drifted, but they have not changed group more than in calm months.",
}
"""What has moved since an earlier run, by label (`seglib.monitoring`)."""

MOVED_BECAUSE: dict[str, str] = {
    "real": "{share} of the customers changed group by what they did; calm months give {low} to {high} points.",
    "nobody": "What customers did since moved nobody on balance; calm months give {low} to {high} points.",
    "back": "What customers did since brought {share} of them back into their groups; calm months bring back {low} to "
    "{high} points.",
    "more": "About {share} moved for another reason than chance ({low} to {high} points).",
    "redefinition": "The new groups put {share} of the customers elsewhere than the old model does on the same day.",
    "drift": "It is {features}.",
    "ageing": "By the old groups, {share} of the customers are elsewhere because time has passed, and no more moved by "
    "what they did than in calm months.",
    "unsteady": "{share} of the customers are in another group: a group says little of where a customer will be later.",
    "clock": "The clock alone would have moved {share}.",
}
"""What that rests on."""

MOVED_NEXT: dict[str, str] = {
    "refit": "Refit: take the new groups, and look at their cards again before the next campaign.",
    "watch": "Watch: the groups hold, but customers are elsewhere. Use the new lists, and compare again next month.",
    "drift": "Watch: customers stay in their groups, but what describes them is changing. Compare again next month.",
    "ageing": "Keep: nothing calls for other groups. But lists of the earlier day are out of date: use the new ones.",
    "keep": "Keep: the old groups hold. Use the new lists, because some customers always change places.",
    "unsteady": "Keep: nothing says that other groups would last longer. But customers do not stay in these: make "
    "lists anew right before they are used.",
}
"""What to do, by advice, or by label where that says more."""

NOBODY_TRIED_YET = "Nobody has tried an offer here yet. Only a comparison shows whether one works."

DRAWN = "With other customers the borders would lie elsewhere. Do not take a group for a type of person."

CHECKS_FOUND: dict[str, str] = {
    "one": "Technical checks found 1 problem. Read that under Evidence first.",
    "many": "Technical checks found {n} problems. Read that under Evidence first.",
}
"""The one thing that a reader must not forget: one of these three."""

TERMS: dict[str, str] = {
    "group": "Group",
    "placed": "Customers in groups",
    "work": "Share of sales or {coupons}",
    "used": "{coupons} used",
    "came_back": "Came back",
    "test": "What a test shows",
    "control": "Comparison group (control)",
    "near_border": "Near a border",
    "left_out": "Left out",
    "real": "Are the groups real?",
    "useful": "Are they useful?",
    "marker": "What sets a group apart",
    "natural": "Natural",
    "reproducible": "Reproducible",
    "constructed": "Constructed",
    "borderline": "Borderline",
    "probability": "Probability",
    "confidence": "Confidence",
    "rfm": "RFM",
    "tenure": "Tenure",
    "run": "Run",
}
"""Words that a reader may ask for, in the order of the glossary."""

MEANINGS: dict[str, str] = {
    "group": "Customers who are alike in what this report looks at. Other pages say segment.",
    "placed": "Customers with enough data to be put into a group. The others are counted as left out.",
    "work": "How much of all that customers did was done by the group. Compare it with the group's share of customers.",
    "used": "Of the {coupons} that are old enough to judge: how many were used. A {coupon} of yesterday says nothing "
    "yet.",
    "came_back": "The report looks at the shop as it was on an earlier day. It counts who came again after that day.",
    "test": "The smallest change that a comparison of the two lists shows, in points of a hundred. Smaller changes may "
    "be chance. It is reckoned so that four of five such changes are seen.",
    "control": "Customers drawn by lot. They get what they would get without the test: nothing, or the usual offer.",
    "near_border": "A customer who could as well be in another group. Leave them out of a test, or treat both groups "
    "alike.",
    "left_out": "Rows or customers that are in no group, each with the reason.",
    "real": "The same method is run on invented shops without groups. Groups are real only if yours are clearer.",
    "useful": "Whether the group helps to foresee what a customer does, beyond how long, how lately and how often they "
    "came.",
    "marker": "A difference of half the usual spread between customers, or more (half a standard deviation).",
    "natural": "Customers clump together by themselves, and the groups follow the clumps.",
    "reproducible": "Other customers of this shop would give the same groups, but where one ends is a choice, as with "
    "age groups.",
    "constructed": "The method cut the groups. Nothing shows that the customers fall into them.",
    "borderline": "The evidence does not decide. The report takes the weaker answer.",
    "probability": "How likely a customer belongs to the group, if the groups are taken as given.",
    "confidence": "How near a customer is to the middle of the group: 1 there, 0 at the border.",
    "rfm": "Recency, frequency, money: how lately, how often and for how much somebody bought. The plain rule to beat.",
    "tenure": "How long somebody has been a customer.",
    "run": "One making of this report, with its name, its data and its settings.",
}
"""What they mean."""

PICTURE: dict[str, str] = {
    "segment_jaccard": "The weakest group\ncomes back in\nother samples",
    "prediction_strength": "One half of the\ncustomers predicts\nthe other",
    "silhouette": "Customers are nearer\nto their own group\nthan to the next",
    "valley": "Few customers\nare between\ntwo groups",
    "without groups": "19 of 20 shops without groups",
    "beyond": "your shop, beyond them",
    "not beyond": "not beyond",
    "your shop": "your shop",
    "scale": "0: not at all; 1: perfectly",
    "none": "Shops without groups look the same",
    "all": "Your shop goes beyond shops without groups",
    "some": "Your shop goes beyond shops without groups in {n} of {of} ways",
    "alt": "{headline}. With {k} groups this shop goes beyond shops without groups in {n} of {of} ways.",
    "caption": "Your data against shops without groups, {k} groups, {rows} rows. Hatched: where 19 of 20 of them stay, "
    "{simulated} of each kind.",
}
"""The picture of the verdict."""
