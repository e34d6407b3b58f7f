"""Videos in, a searchable index out; knows no page."""
