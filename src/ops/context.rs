//! What every operation needs, and where it comes from.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::config::is_account;
use super::{Config, OpError, Paths, author, instance_list};
use crate::aws::{DEFAULT_TIMEOUT, Endpoint};
use crate::catalog::Catalog;
use crate::event::Events;
use crate::instance::{Instance, InstanceError};
use crate::pod::Author;
use crate::store::Store;

/// The time between two looks for drift, unless the user chose another.
const WATCH: Duration = Duration::from_secs(15);

/// LocalStack's own address, which its peers took over.
const DEFAULT_ENDPOINT: &str = "http://localhost:4566";

/// What every operation needs. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// The local version store.
    pub store: Store,
    /// Where podex keeps things.
    pub paths: Paths,
    /// The resource types.
    pub catalog: &'static Catalog,
    /// Who makes commits.
    pub author: Author,
    /// The live instance's endpoint.
    pub endpoint: Endpoint,
    /// Who said so.
    pub origin: EndpointOrigin,
    /// Accounts captured; empty means the default one.
    pub accounts: Vec<String>,
    /// Regions captured; empty means all that hold something.
    pub regions: Vec<String>,
    /// How long an answer of the instance may stay silent.
    pub timeout: Duration,
    /// The explorer's theme, where one is configured.
    pub theme: Option<String>,
    /// Whether the explorer listens to the mouse.
    pub mouse: bool,
    /// The time between two of the explorer's looks for drift.
    pub watch: Duration,
    /// Whether everything that changes pods, remotes or the instance is refused.
    pub read_only: bool,
    /// A file with values for secrets that pods were shared without: `PODEX_SECRETS_FROM`.
    pub secrets_from: Option<PathBuf>,
    /// A file with the key that opens encrypted secrets: `PODEX_IDENTITY`. None: the user's SSH keys.
    pub identity: Option<PathBuf>,
}

/// What the command line says about a context; it wins over environment and configuration.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--endpoint`.
    pub endpoint: Option<Endpoint>,
    /// `--account`.
    pub accounts: Vec<String>,
    /// `--region`.
    pub regions: Vec<String>,
    /// `--timeout`.
    pub timeout: Option<Duration>,
    /// `--read-only`.
    pub read_only: bool,
}

/// Where the endpoint in use was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointOrigin {
    /// `--endpoint`.
    Flag,
    /// An environment variable.
    Variable(&'static str),
    /// `endpoint` in `config.toml`.
    Config,
    /// An instance podex started and that still runs.
    Managed,
    /// Nowhere: the address LocalStack uses.
    Default,
}

impl fmt::Display for EndpointOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("this endpoint was given by --endpoint"),
            Self::Variable(name) => write!(f, "this endpoint was given by {name}"),
            Self::Config => f.write_str("this endpoint was given by config.toml"),
            Self::Managed => f.write_str("this is the instance podex started"),
            Self::Default => f.write_str(
                "this is the default: --endpoint, PODEX_ENDPOINT, AWS_ENDPOINT_URL and config.toml name no other, and podex runs no instance itself",
            ),
        }
    }
}

/// The catalog: what is built in, and over it the user's own files in a folder `catalog` beside the configuration.
fn catalog(paths: &Paths) -> Result<&'static Catalog, OpError> {
    let folder = paths.config_file.with_file_name("catalog");
    if !folder.is_dir() {
        return Ok(Catalog::builtin());
    }
    let own = Catalog::with_folder(&folder).map_err(|error| OpError::Config(error.to_string()))?;
    // One for the life of the process, as the built-in one is.
    Ok(Box::leak(Box::new(own)))
}

impl Context {
    /// Reads the configuration, opens the store (creating it where there is none) and finds out which endpoint is
    /// meant: `--endpoint`, `PODEX_ENDPOINT`, `AWS_ENDPOINT_URL`, the configuration, a running managed instance,
    /// and last the default.
    ///
    /// # Errors
    /// When the configuration is malformed or the store cannot be opened.
    pub fn new(paths: Paths, overrides: Overrides) -> Result<Self, OpError> {
        let config = Config::load(&paths.config_file)?;
        let or = |given: Vec<String>, configured: Vec<String>| if given.is_empty() { configured } else { given };
        let accounts = or(overrides.accounts, config.accounts);
        if let Some(wrong) = accounts.iter().find(|account| !is_account(account)) {
            return Err(OpError::Usage(format!("{wrong:?} is not an account: use twelve digits")));
        }
        let named = named_endpoint(overrides.endpoint, config.endpoint)?;
        let catalog = catalog(&paths)?;
        let store = Store::open(&paths.store())?;
        let mut context = Self {
            store,
            paths,
            catalog,
            author: author::author(config.author.as_ref()),
            endpoint: DEFAULT_ENDPOINT.parse().map_err(|error| OpError::Config(format!("{error}")))?,
            origin: EndpointOrigin::Default,
            accounts,
            regions: or(overrides.regions, config.regions),
            timeout: overrides.timeout.or(config.timeout).unwrap_or(DEFAULT_TIMEOUT),
            theme: config.theme,
            mouse: config.mouse.unwrap_or(true),
            watch: config.watch_seconds.unwrap_or(WATCH),
            read_only: config.read_only || overrides.read_only,
            secrets_from: file_of("PODEX_SECRETS_FROM"),
            identity: file_of("PODEX_IDENTITY"),
        };
        if let Some((endpoint, origin)) = named.or_else(|| context.managed_endpoint()) {
            (context.endpoint, context.origin) = (endpoint, origin);
        }
        Ok(context)
    }

    /// The managed instance started last. A list that cannot be read is no reason to fail here: `instance list`
    /// says what is wrong with it.
    fn managed_endpoint(&self) -> Option<(Endpoint, EndpointOrigin)> {
        let running = instance_list(self).ok()?;
        let newest = running.into_iter().max_by_key(|instance| instance.started)?;
        Some((newest.endpoint.parse().ok()?, EndpointOrigin::Managed))
    }

    /// Connects to the live instance.
    ///
    /// # Errors
    /// When nothing answers there; the error says which places were asked for an endpoint.
    pub async fn connect(&self) -> Result<Instance, OpError> {
        Instance::connect(&self.endpoint, self.timeout).await.map_err(|error| match error {
            source @ InstanceError::Unreachable { .. } => {
                OpError::NoInstance { source: Box::new(source), origin: self.origin }
            }
            other => other.into(),
        })
    }

    /// Connects, unless the user cancels first: an endpoint that takes connections but never answers is waited for
    /// quite long.
    pub(super) async fn connect_unless_cancelled(&self, events: &Events) -> Result<Instance, OpError> {
        events.cancellation().run_until_cancelled(self.connect()).await.unwrap_or(Err(OpError::Cancelled))
    }

    /// The endpoint's text, as commits and the operation log name it.
    pub fn endpoint_text(&self) -> String {
        self.endpoint.to_string()
    }
}

/// The file that an environment variable names.
fn file_of(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).filter(|file| !file.is_empty()).map(PathBuf::from)
}

/// The endpoint by flag, environment or configuration.
fn named_endpoint(
    flag: Option<Endpoint>,
    configured: Option<Endpoint>,
) -> Result<Option<(Endpoint, EndpointOrigin)>, OpError> {
    if let Some(endpoint) = flag {
        return Ok(Some((endpoint, EndpointOrigin::Flag)));
    }
    for name in ["PODEX_ENDPOINT", "AWS_ENDPOINT_URL"] {
        let Some(text) = std::env::var(name).ok().filter(|text| !text.is_empty()) else { continue };
        let endpoint = text.parse().map_err(|error| OpError::Usage(format!("{name}: {error}")))?;
        return Ok(Some((endpoint, EndpointOrigin::Variable(name))));
    }
    Ok(configured.map(|endpoint| (endpoint, EndpointOrigin::Config)))
}
