"""What is done to an installation that stands still: look it over, save it, bring it back."""
