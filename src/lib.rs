//! podex: open Cloud Pods for any local AWS emulator.
//!
//! The rooms of the crate, in dependency order. A room uses only those above it in this list.
//!
//! | room | what it is for |
//! |---|---|
//! | [`event`] | what running work reports, and how it is told to stop |
//! | [`pod`] | the domain, pure: keys, documents, commits, references, the metamodel |
//! | [`tree`] | the sorted Merkle tree of documents: build, read, diff, three-way walk, edit |
//! | [`store`] | the local version store: packs, index, refs, operation log |
//! | [`archive`] | a version as one file: podex's open form, LocalStack exports |
//! | [`remote`] | where pods are shared: OCI registry, bucket or directory, and the transfer to and from them |
//! | [`aws`] | a generic AWS client driven by API models: protocols, signing, paging, HTTP |
//! | [`catalog`] | which resource types exist, read from `assets/catalog/*.toml` |
//! | [`instance`] | a running emulator: detect, capture, plan, apply, and managed ones |
//! | [`ops`] | one file per use case over a [`ops::Context`]; reports one event enum |
//! | [`tasks`] | the background queue that runs ops |
//! | [`search`] | index and matcher over resources |
//! | [`cli`] | one file per command; table and JSON output |
//! | [`tui`] | the full-screen explorer |

pub mod archive;
pub mod aws;
pub mod catalog;
pub mod cli;
pub mod event;
pub mod instance;
pub mod ops;
pub mod pod;
pub mod remote;
pub mod search;
pub mod store;
pub mod tasks;
pub mod tree;
pub mod tui;
