"""What a meter itself writes down: its logs and its alarm registers, as events that keep the meter's own codes.

event_codes       what a code means in its family, from files
event_log         one log as it was read, entry by entry
log_progress      what of it is new, and what to ask for next
alarm_registers   bits that have appeared
"""
