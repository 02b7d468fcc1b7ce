"""What other systems send, in our words: whose ids and codes, where it is, what does not map."""
