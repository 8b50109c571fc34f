"""A card for every segment: its name, what its customers do, what to try, and what not to conclude.

`segment_cards` names and describes the segments by stated rules from their markers, `rename_cards` puts the analyst's
own names (`read_names`) in their place, and `with_notes` adds what else there is to know. Every word that a marketer
may want to change is in ``vocabulary.py``.
"""
