"""The vocabulary: activities that people perform, as programs of postures."""
