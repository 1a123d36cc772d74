"""DLMS/COSEM as a client sees it, without I/O: bytes and the time come in, frames, values and typed refusals go out.

From the line upward: `opto` signs on at an optical head, `hdlc` makes and finds frames, `hdlc_link` keeps a link over
them (`wrapper` does so over TCP), `get_response` opens what the meter answers, `axdr` reads its values into `data`,
`cosem_time` and `obis` say what two of them mean, `profile_generic` makes rows of a buffer.
`push` reads what a meter sends unasked.

The simulated meter has its own HDLC and A-XDR on purpose: two ends that share code share its mistakes.
"""
