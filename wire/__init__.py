"""The contract between a gateway and the cloud: what is said, how it is written down, signed, chained and receipted.

Both programs import this package and nothing of each other.
Standard library, `cryptography` and `cbor2` only; everything here is pure: bytes and values in, bytes and values out.
`docs/wire.md` shows one event byte by byte; `wire/schema/` holds the CDDL and the golden vectors.
"""
