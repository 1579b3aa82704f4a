"""Compiled inner loops: plain functions over plain arrays, which know neither parameters, storage nor plots."""
