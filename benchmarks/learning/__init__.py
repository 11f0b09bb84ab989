"""The learning benchmark: our methods and those a practitioner would use, in one run."""
