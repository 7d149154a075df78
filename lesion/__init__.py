"""What the stages share: images in, three trained networks, measured and explained."""
