"""Filters of filing."""
