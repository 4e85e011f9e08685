"""The networks of torchvision and timm, held against the arithmetic of their captured graphs."""
