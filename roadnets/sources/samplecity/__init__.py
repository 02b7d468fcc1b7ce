"""The plan of a made-up city, drawn with nothing but exact arithmetic.

Only ``+ - * /``, ``sqrt`` and ``fsum`` are used, which are rounded alike everywhere (a libm's sine
is not, nor Python's ``sum``), and one seeded random number generator: so the plan is one, too.
"""
