"""A very small VideoPrism, trained on videos that it draws, so that search works offline."""
