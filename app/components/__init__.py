"""The page's own parts: moment grid, player with heat-map, class timeline, job table."""
