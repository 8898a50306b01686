//! The oracle: all pairs and all images.
