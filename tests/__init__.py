"""Tests mirror the rooms they are about."""
