"""The only package that knows the Qlik Sense Repository Service."""
