"""Facts about the streets: who closed what, when, and until when."""
