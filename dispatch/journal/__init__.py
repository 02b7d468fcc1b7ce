"""Facts kept: the journal protocol and its stores."""
