"""What makes forward passes: torch, which serves every explainer, and ONNX Runtime, which serves those that ask for
activations only, and is faster on a processor.

``serving`` says which of them a network's layers have. A value depends on its own explainer alone: a pass that also
needs gradients is made by torch beside the compiled one, so company changes no bit.
"""
