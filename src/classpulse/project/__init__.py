"""Captured changes into figures and events."""
