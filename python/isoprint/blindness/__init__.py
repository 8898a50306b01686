"""What a fingerprint cannot see: its sensitivity at a center, the curves along which it hardly changes, blind pairs."""
