"""The pages that people look at. All of them are complete without JavaScript."""
