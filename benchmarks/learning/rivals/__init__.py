"""What a practitioner would pick instead of us."""
