"""From images to similarities: the plan, the engine that carries it out, and who measures where."""
