"""The run folder: names of its files, who works on it, what there is to resume; the readers of most of its files."""
