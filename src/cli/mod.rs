//! One file per command; table and JSON output.
