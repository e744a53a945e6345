"""What runs on an operator's laptop: look whether Footman works, move schedules into it and out of it."""
