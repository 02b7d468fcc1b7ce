"""120 and 119: reports of emergencies, what they need, and who goes."""
