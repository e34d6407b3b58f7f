"""Moments to take along: clips, lists, timelines for editors; knows no page and no command line."""
