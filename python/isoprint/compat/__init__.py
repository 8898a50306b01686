"""Other programs: their names and habits, translated, never leaking inward."""
