"""Read models, rebuilt from the journal at every start."""
