"""A household's electricity meter that speaks the truth: its own COSEM server, behind an optical port or on a bus.

From the line inwards, each step is one module and knows nothing of the next but a function to call:

    link          a pseudo-terminal, at the pace and with the wrong-speed garbage of a real line, and who is on it
    faults        what a bad day does to the bytes, on command
    optical_port  which of the two languages the port speaks now
    bus_port      another way in: one wire, HDLC alone, each meter by its address
    readout_port  another: text by sign-on, mode C; `telegrams` is what it says, `talker` says such unasked
    wrapper_port  and another: DLMS over TCP
    opto          IEC 62056-21: the sign-on in mode E
    hdlc, station IEC 62056-46: frames; the secondary station with its sequence numbers
    acse, apdu    IEC 62056-53: the words of an association and of GET, SET and ACTION
    security      suite 0: what is ciphered, and who has the keys
    gatekeeper    who is let in, and as whom
    server        one association and what it may ask
    objects       IEC 62056-62: what the meter can be asked for
    profile       rows over time, and the two ways to select them
    life          the registers, as a pure function of the household's load and of what befell the supply
    history       what befell the meter, kept over a kill

Everything but `link`, and the state file of `history`, is free of I/O and takes the time as an argument.
The gateway has these protocols once more, written apart on purpose: two ends that share code share their mistakes.
"""
