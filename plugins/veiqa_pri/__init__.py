"""PRI generators: the image made worse by its own kind of distortion."""
