"""Who lives where, behind which meter, and in which language they are written to."""
