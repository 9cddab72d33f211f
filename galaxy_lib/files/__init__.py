"""Files of galaxies: which one is used, is it sound, read it, fetch it, split it."""
