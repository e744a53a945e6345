"""A local stand-in for the Azure Functions host: serves an app's HTTP triggers and runs its timers."""
