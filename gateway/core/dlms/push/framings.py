"""What a settings file calls the framings of a push line, beside those that `Framing` names.

They stand apart from what reads them: every profile is asked for its framing, and few gateways hear pushes at all.
"""

AUTO, RAW = "auto", "raw"
P1, TIC_HISTORIC, TIC_STANDARD = "p1", "tic-historic", "tic-standard"
TELEGRAMS = (P1, TIC_HISTORIC, TIC_STANDARD)
