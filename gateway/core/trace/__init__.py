"""What passes on a line, in words: for a technician who wants to see where a meter is lost.

pieces      octets of one direction, cut into what was said: lines, frames, wrapped APDUs, noise
masking     a password that is on its way is shown to nobody
apdu_words  what an APDU says
annotator   both directions joined: who said what, whether it holds, whether it is an echo; and what it adds up to
verdict     which layer failed, and what to try next
trace_file  what passed, kept for another day
"""
