"""Meters that speak text, plain or sealed, heard or asked: what they say becomes the same `Push` as a DLMS message.

p1                P1 and its kin, IEC 62056-21 mode D; with p1_lines, and sealed_telegram for the sealed ones
tic               Linky TIC; with tic_labels
readout           the data readout of modes A, B and C; readout_dialogue asks for one
data_sets         lines such as `1.8.0(000123.4*kWh)`; text_readings says what they mean
text_capture      whole captures: which of these a text is; with telegram_capture
"""
