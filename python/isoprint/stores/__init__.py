"""Features of any number of structures on disk, written in batches, which outlive the program that writes them."""
