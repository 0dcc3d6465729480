//! Index and matcher over the resources of all pods.
