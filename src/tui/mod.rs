//! The full-screen explorer: update(state, message) → effects; view(state, frame) without I/O.
