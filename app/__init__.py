"""What a person meets: the command line, HTTP and the page."""

__version__ = "0.1.0"
