"""Parameters of other programs: their names and habits, translated into ours, never leaking inward."""
