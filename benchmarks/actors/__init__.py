"""The programmatic interface, beside what Ray itself offers for the same."""
