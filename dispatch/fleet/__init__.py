"""Units: what they are, what they do, where they are, who holds them. One unit, one holder."""
