"""The explainer ``captum-more`` for VEIQA."""
