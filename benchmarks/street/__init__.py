"""Simulated homes on a story's clock, for `benchmarks.verdicts`: the real cores in a world of its own physics.

world     one home as it really is, and the clock by which everything happens
episodes  what befalls it: each kind of trouble, written down at random
probe     what its probe notices, and how late that is heard
reader    when its meter is read, and what comes of it
edge      its gateway: the real cores between those two and the uplink
cloud     its place in the cloud: the real rules, their timers and the mail
home      all of these over the days, and what was said and told held against what really was
"""
