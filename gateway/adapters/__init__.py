"""The thin shell: each module moves bytes or rows for one foreign library, whose exceptions end here."""
