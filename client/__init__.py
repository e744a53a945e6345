"""What runs on an operator's laptop: check that Footman works, export its schedules and import them."""
