"""The rules: bytes, values and the time come in, values go out. No I/O, no clock, no randomness, no logging."""
