"""Schedules on the move: from Butler's file into Footman, out of Footman into a file fit for Git, and back."""
