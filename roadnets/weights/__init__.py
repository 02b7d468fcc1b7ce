"""What each edge costs whom, now: speeds, the hour, what was measured, and conditions."""
