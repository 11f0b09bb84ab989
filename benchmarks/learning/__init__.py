"""The learning benchmark: our methods and those a practitioner would pick, in one run."""
