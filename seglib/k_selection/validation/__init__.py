"""k_selection/validation."""
