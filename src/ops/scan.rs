//! Looks for emulators on this machine: on the ports they use, and on those that docker publishes for them.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;

use super::Context;
use crate::instance::{Emulator, Instance};
use crate::pod::InstanceInfo;

/// LocalStack and ministack use 4566, moto 5000; second ones are put beside them.
const USUAL_PORTS: [u16; 7] = [4566, 4567, 4568, 4569, 5000, 5001, 3000];
/// Ports that emulators listen on inside of containers.
const CONTAINER_PORTS: [&str; 2] = ["4566", "5000"];
/// A port of this machine that does not answer in this time is no emulator that anybody would enjoy.
const PROBE_LIMIT: Duration = Duration::from_secs(2);

/// The emulators that answer, but for the one that the context is about already. All ports are asked at once.
pub async fn scan(context: &Context) -> Vec<(Emulator, InstanceInfo)> {
    let mut ports: BTreeSet<u16> = USUAL_PORTS.into();
    ports.extend(docker_ports().await);
    let own = context.endpoint.to_string().replace("//localhost:", "//127.0.0.1:");
    let asked = ports.into_iter().map(|port| format!("http://127.0.0.1:{port}"));
    let asked = asked.filter(|endpoint| own.trim_end_matches('/') != endpoint).map(ask);
    join_all(asked).await.into_iter().flatten().collect()
}

async fn ask(endpoint: String) -> Option<(Emulator, InstanceInfo)> {
    let endpoint = endpoint.parse().ok()?;
    let instance = tokio::time::timeout(PROBE_LIMIT, Instance::connect(&endpoint, PROBE_LIMIT)).await.ok()?.ok()?;
    // Anything may speak HTTP on these ports.
    (instance.emulator != Emulator::Unknown).then_some((instance.emulator, instance.info))
}

/// The ports that docker publishes for containers of emulators; none where there is no docker.
async fn docker_ports() -> Vec<u16> {
    let mut docker = tokio::process::Command::new("docker");
    docker.args(["ps", "--format", "{{.Ports}}"]).stdin(std::process::Stdio::null()).kill_on_drop(true);
    match tokio::time::timeout(PROBE_LIMIT, docker.output()).await {
        Ok(Ok(output)) => published(&String::from_utf8_lossy(&output.stdout)),
        _ => Vec::new(),
    }
}

/// The ports in lines such as `0.0.0.0:49153->4566/tcp, [::]:49153->4566/tcp, 4510-4559/tcp`.
fn published(lines: &str) -> Vec<u16> {
    let port = |mapping: &str| {
        let (outside, inside) = mapping.trim().split_once("->")?;
        let (inside, _) = inside.split_once('/')?;
        let (_, port) = outside.rsplit_once(':')?;
        if CONTAINER_PORTS.contains(&inside) { port.parse().ok() } else { None }
    };
    lines.lines().flat_map(|line| line.split(',')).filter_map(port).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ports_that_docker_publishes_for_emulators_are_found() {
        let lines = "127.0.0.1:49153->4566/tcp, [::]:49154->4566/tcp, 4510-4559/tcp\n0.0.0.0:80->8080/tcp\n\n0.0.0.0:5005->5000/tcp\n";
        assert_eq!(published(lines), [49153, 49154, 5005]);
    }
}
