//! Which resource types exist and how each is listed, read, created, updated and deleted: data, read from
//! `assets/catalog/*.toml`.

/// All resource types podex knows, by service.
pub struct Catalog {}

impl Catalog {
    /// The catalog that is built in.
    pub fn builtin() -> &'static Self {
        todo!()
    }

    /// Ids of all services, sorted.
    pub fn services(&self) -> Vec<&str> {
        todo!()
    }

    /// The type whose resources contain those of `service/kind`: `bucket` for `s3/object`.
    pub fn parent_kind(&self, service: &str, kind: &str) -> Option<&str> {
        let _ = (service, kind);
        todo!()
    }

    /// Whether the attribute at `path` of this type holds a secret, to be masked on screen.
    pub fn is_secret(&self, service: &str, kind: &str, path: &[String]) -> bool {
        let _ = (service, kind, path);
        todo!()
    }
}
