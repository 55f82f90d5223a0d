"""Built-in feature extractors: EfficientNet-Lite, VGG16, Inception-ResNet-v2, DarkNet19 and any CNN of timm."""
