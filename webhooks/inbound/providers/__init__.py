"""One file for each provider: how its webhooks are verified and named. Every module here is loaded by itself."""
