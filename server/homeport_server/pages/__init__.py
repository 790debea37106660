"""What every page of Homeport stands on: its look, its files, what a browser may do with it, and who may see it."""
