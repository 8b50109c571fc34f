"""Every notebook as two pages, an index, one page to hand on; a page for a run that stopped; all runs."""
