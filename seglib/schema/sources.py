"""The names of the sources that go by a name instead of a path."""

ADAPTERS = ("sample", "completejourney")
