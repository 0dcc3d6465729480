//! Arguments that several commands share.

use clap::Args;

use super::error::CliError;
use crate::aws::Endpoint;
use crate::instance::Filter;
use crate::ops::TIMEOUT_SECONDS;
use crate::pod::{Pattern, PodName, Reference, Selector};

/// Flags every command takes.
#[derive(Args, Clone, Debug)]
pub(super) struct GlobalArgs {
    /// The emulator; else PODEX_ENDPOINT, AWS_ENDPOINT_URL, config.toml, an instance podex runs, http://localhost:4566
    #[arg(long, global = true, value_name = "URL", help_heading = "Global options")]
    pub(super) endpoint: Option<Endpoint>,
    /// Look at this account only (repeatable)
    #[arg(long = "account", global = true, value_name = "ID", help_heading = "Global options")]
    pub(super) accounts: Vec<String>,
    /// Look at this region only (repeatable); else at every region that holds something
    #[arg(long = "region", global = true, value_name = "REGION", help_heading = "Global options")]
    pub(super) regions: Vec<String>,
    /// Give an answer up after this many seconds without a word; else 'timeout' in config.toml, or 30
    #[arg(long, global = true, value_name = "SECONDS", env = "PODEX_TIMEOUT", hide_env_values = true)]
    #[arg(value_parser = clap::value_parser!(u64).range(TIMEOUT_SECONDS), help_heading = "Global options")]
    pub(super) timeout: Option<u64>,
    /// Print the result as JSON
    #[arg(long, global = true, help_heading = "Global options")]
    pub(super) json: bool,
    /// Print results and errors only
    #[arg(long, short, global = true, help_heading = "Global options")]
    pub(super) quiet: bool,
    /// Print without colours (so does the NO_COLOR variable)
    #[arg(long, global = true, help_heading = "Global options")]
    pub(super) no_color: bool,
    /// Look only: refuse whatever changes pods, remotes or the emulator
    #[arg(long, global = true, help_heading = "Global options")]
    pub(super) read_only: bool,
    /// The explorer's theme: a name (T in the explorer shows all) or a theme file
    #[arg(long, global = true, value_name = "THEME", help_heading = "Global options")]
    pub(super) theme: Option<String>,
}

/// A pod, by position or by `--name`.
#[derive(Args, Clone, Debug)]
pub(super) struct PodArg {
    /// The pod
    #[arg(value_name = "POD", required_unless_present = "name")]
    pod: Option<PodName>,
    /// The pod, named the way LocalStack's commands do it
    #[arg(long, value_name = "POD", conflicts_with = "pod")]
    name: Option<PodName>,
}

impl PodArg {
    pub(super) fn pod(&self) -> Result<&PodName, CliError> {
        self.pod.as_ref().or(self.name.as_ref()).ok_or_else(|| CliError::usage("name a pod"))
    }
}

/// A version of a pod, by position or by `--name`.
#[derive(Args, Clone, Debug)]
pub(super) struct ReferenceArg {
    /// Which version: POD, POD:N, POD@REVISION or REMOTE/POD
    #[arg(value_name = "REF", required_unless_present = "name")]
    reference: Option<Reference>,
    /// The same, named the way LocalStack's commands do it
    #[arg(long, value_name = "REF", conflicts_with = "reference")]
    name: Option<Reference>,
}

impl ReferenceArg {
    pub(super) fn reference(&self) -> Result<&Reference, CliError> {
        self.reference.as_ref().or(self.name.as_ref()).ok_or_else(|| CliError::usage("name a pod"))
    }
}

/// The local pod and version a reference names.
pub(super) fn local_version(reference: &Reference) -> Result<(&PodName, &Selector), CliError> {
    match reference {
        Reference::Pod { remote: None, pod, selector } => Ok((pod, selector)),
        Reference::Pod { remote: Some(_), .. } | Reference::Live => {
            Err(CliError::usage(format!("{reference} is not a pod here: name one, as in shop:3")))
        }
    }
}

/// Two positions of which the first may be given by `--name` instead, so that what follows moves up.
pub(super) fn shifted<T: std::str::FromStr>(
    name: Option<T>,
    first: Option<&str>,
    second: Option<&str>,
) -> Result<(T, Option<String>), CliError>
where
    T::Err: std::fmt::Display,
{
    let (text, rest) = match (name, first, second) {
        (Some(_), Some(_), Some(extra)) => {
            return Err(CliError::usage(format!("the pod is named twice: leave out --name or {extra:?}")));
        }
        (Some(name), rest, None) => return Ok((name, rest.map(str::to_owned))),
        (_, Some(text), rest) => (text, rest),
        (_, None, _) => return Err(CliError::usage("name a pod")),
    };
    let named = text.parse().map_err(|error: T::Err| CliError::usage(error.to_string()))?;
    Ok((named, rest.map(str::to_owned)))
}

/// Which part of a pod.
#[derive(Args, Clone, Debug)]
pub(super) struct FilterArgs {
    /// Only these services, as in 's3,sqs' (repeatable)
    #[arg(long = "service", short = 's', alias = "services", value_name = "SERVICE", value_delimiter = ',')]
    services: Vec<String>,
    /// Only resources matching service[/type[/name]], with * and ?, as in 's3/bucket/logs-*' (repeatable)
    #[arg(long, value_name = "PATTERN")]
    only: Vec<Pattern>,
    /// Not these, in the same way of writing (repeatable)
    #[arg(long, value_name = "PATTERN")]
    except: Vec<Pattern>,
}

impl FilterArgs {
    pub(super) fn filter(&self) -> Filter {
        Filter { services: self.services.clone(), only: self.only.clone(), except: self.except.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_pod_moves_up_when_the_pod_is_named_by_flag() {
        let named = |name: Option<&str>, first, second| {
            shifted::<PodName>(name.map(|name| name.parse().unwrap()), first, second)
                .map(|(pod, rest)| (pod.to_string(), rest))
                .map_err(|error| error.to_string())
        };
        assert_eq!(named(None, Some("p"), Some("r")), Ok(("p".to_owned(), Some("r".to_owned()))));
        assert_eq!(named(Some("p"), Some("r"), None), Ok(("p".to_owned(), Some("r".to_owned()))));
        assert_eq!(named(Some("p"), None, None), Ok(("p".to_owned(), None)));
        assert!(named(Some("p"), Some("r"), Some("x")).is_err());
        assert!(named(None, None, None).is_err());
        assert!(named(None, Some("a b"), None).unwrap_err().contains("not a valid pod name"));
    }
}
