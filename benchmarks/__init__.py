"""What Homeport's speed is measured with: each module is one `make bench-NAME`, its last line one JSON object."""
