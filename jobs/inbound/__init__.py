"""What the product does with webhooks from outside: a module for each provider, loaded when first needed."""
