"""The child: it opens what strangers send. Nothing outside this folder imports it, and it imports nothing outside."""
