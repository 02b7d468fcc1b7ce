"""How sure a travel time is, and how the streets teach it: quantiles, observed trips, the fit."""
