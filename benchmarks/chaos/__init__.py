"""Gateways, a broker and a cloud as processes that may be killed, on lines that lose, double and delay."""
