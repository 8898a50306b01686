"""What needs more than numpy: import one, or be told what to install."""
