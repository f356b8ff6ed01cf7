"""Tests of starting agents."""
