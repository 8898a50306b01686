"""Tools of all the rooms: arrays and parameters as given, words, files, threads; they know nothing of chemistry."""
