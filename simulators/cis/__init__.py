"""The utility's customer system, played: it knows its homes, reads their meters, bills them, and writes drops."""
