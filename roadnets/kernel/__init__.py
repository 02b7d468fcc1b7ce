"""A customizable contraction hierarchy: numbers in, numbers out; no street, no snap, no file."""
