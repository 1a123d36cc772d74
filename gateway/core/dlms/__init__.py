"""DLMS/COSEM as a client sees it, without I/O: bytes and the time come in, frames, values and typed refusals go out.

From the line upward:

    opto              signs on at an optical head, IEC 62056-21 mode E
    hdlc              frames, and finding them in a noisy stream; IEC 62056-46
    hdlc_link         one link: turns, repeats, ends; with hdlc_window for what is under way, hdlc_negotiation for sizes
    wrapper           the same link over TCP; `link` says what both have in common
    get_response      what a meter answers to a GET
    axdr, data        values as octets, and as what they are; with cosem_time, cosem_unit and obis for their meaning
    profile_generic   the rows of a load profile, whole
    push              what a meter sends unasked, whole captures; push_stream, from a line; `pushed` is what comes of it
    hdlc_messages, m_bus, wrapper_messages, raw_apdu      what stands around it; with capture_kind for its name
    block_transfer, sealed, push_reader, notification     joined, opened, and read
    pushed_values, list_layout, loose_axdr                its values, as makers lay them out
    p1, tic, readout  the same as text, plain or sealed (`sealed_telegram`), of `data_sets`; see `text_capture`
    readout_dialogue  asks for a readout, IEC 62056-21 modes A, B and C

The simulated meter has its own HDLC and A-XDR on purpose: two ends that share code share its mistakes.
"""
