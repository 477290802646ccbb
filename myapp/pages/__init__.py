"""About, help, robots.txt and the sitemap."""
