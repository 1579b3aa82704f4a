"""Voxels that are partly full: how Li comes and goes in small volumes, and the smooth surface that it makes."""
