"""The serial link to the probe, sans-IO: bytes in, observations out, bytes to send.

`cobs` finds where a frame ends, `frames` proves it whole and says what it is, `session` makes sense of a run of frames.
"""
