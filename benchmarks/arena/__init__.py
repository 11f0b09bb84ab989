"""The protocol of a public benchmark, reduced to the people at hand."""
