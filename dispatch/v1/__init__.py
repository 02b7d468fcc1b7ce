"""Generated from proto/dispatch/v1 by `make proto`; never edited."""
