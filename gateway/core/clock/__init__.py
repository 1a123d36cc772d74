"""A meter's clock: as it was read (`view`), and whether it is to be set (`policy`)."""
