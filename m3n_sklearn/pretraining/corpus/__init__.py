"""A corpus: windows of poses, captions and simulated IMU on disk, and how it is built."""
