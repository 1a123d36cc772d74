"""How homes hang on the grid: feeders, what can open or fail along them, and who is in the dark when it does."""
