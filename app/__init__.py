"""What a person meets: the command line, HTTP and the page."""
