"""A continuous curve through poses: the noise in them, smoothing, exact derivatives."""
