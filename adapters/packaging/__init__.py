"""From CMAF files to what a player reads: fragment indexes, codec strings, playlists."""
