"""Where the project's figures come from: `python -m benchmarks.NAME [--json] [--full]`.

Each prints ours beside a peer or a limit, measured in the same run; `make bench` runs every short profile.
"""
