"""DLMS/COSEM as a client sees it, without I/O: bytes and the time come in, frames, values and typed refusals go out.

From the line upward:

    opto              signs on at an optical head, IEC 62056-21 mode E
    hdlc              frames, and finding them in a noisy stream; IEC 62056-46
    hdlc_link         one link: turns, repeats, ends; with hdlc_window for what is under way, hdlc_negotiation for sizes
    wrapper           the same link over TCP; `link` says what both have in common
    get_response      what a meter answers to a GET
    axdr, data        values as octets, and as what they are; with cosem_time, cosem_unit and obis for their meaning
    profile_generic   the rows of a load profile, whole; row_form reads those of one form in one step
    block_exchange    general block transfer, both ways
    push              what a meter sends unasked: a room of its own

The simulated meter has its own HDLC and A-XDR on purpose: two ends that share code share its mistakes.
"""
