"""Tests of the service core."""
