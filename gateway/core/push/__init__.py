"""What follows from a push or a telegram, whoever sent it and however it came.

address           where pushes arrive; streams says which reader finds them there
snapshot          a push as the answers of its meter
agreement         what two messages without a strong check vouch for together
pushes            how a meter's pushes stand: replays, silence, what was refused
conclusions       what all that means for the meter, beside core/conclusions.py for what was asked
"""
