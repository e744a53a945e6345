"""The only room that knows the Qlik Sense Repository Service."""
