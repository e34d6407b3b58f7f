"""A very small VideoPrism, trained on videos that it draws: so that meaning can be shown offline."""
