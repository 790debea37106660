"""HTTP/2 of our own, for one purpose: very many small requests that look alike, and their answers."""
