"""The explainer ``scorecam`` for VEIQA."""
