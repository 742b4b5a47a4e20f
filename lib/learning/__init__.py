"""What every network of this book needs: torchvision, weights, checkpoints, and the hardware."""
