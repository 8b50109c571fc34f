"""interpretation/thinning."""
