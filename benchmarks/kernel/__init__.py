"""What ``benchmarks.travel_times`` measures on bare graphs and on a network of New York's size."""
