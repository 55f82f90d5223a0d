"""What the pages of VEIQA share: one file each that loads nothing, for any screen, paper and screen readers."""
