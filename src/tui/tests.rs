//! Whole screens of hand-made states.
