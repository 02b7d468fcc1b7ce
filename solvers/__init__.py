"""Mathematics: numbers in, indices out. No street, no ambulance, no clock."""
