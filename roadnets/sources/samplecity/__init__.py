"""The plan of a made-up city, drawn with nothing but exact arithmetic.

Only ``+ - * /`` and ``sqrt`` are used, which every processor rounds alike, and one seeded random
number generator: the same plan comes out everywhere.
"""
