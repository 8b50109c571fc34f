"""k_selection/criteria."""
