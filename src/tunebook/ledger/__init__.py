"""What happened: an index of the run folders and record files of a book."""
