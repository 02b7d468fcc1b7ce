"""Streets in, travel times out. Knows no ambulance."""
