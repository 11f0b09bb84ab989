"""Methods that a practitioner would use instead."""
