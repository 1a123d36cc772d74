"""What a meter sends unasked, from octets to values with their codes; `pushed` is what comes of it.

    capture           whole captures, as somebody cut them from a line; `stream` finds the same on a line
    hdlc_messages, m_bus, wrapper_messages, raw_apdu      what stands around a message
    reader            one message: blocks joined (`block_joiner`), opened (`sealed`, with `keys`), read (`notification`)
    pushed_values     values and their codes, as makers lay them out; with loose_axdr
    list_layout       what stands where in a list without codes; list_settings reads that from a file
    capture_kind      what a capture is called, and why one is refused

Text that meters send unasked is in gateway/core/telegrams; what follows from a push, in gateway/core/push.
"""
