//! LocalStack 4.14 in host mode: without a container, from PyPI alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use podex::instance::managed::{Environment, ManagedError, Running, free_port, http_status, run_step, with_lock};

use super::emulator::Emulator;
use super::{available, cache, events, say, scratch};

/// Later releases of its dependencies break it, hence the date; and it runs on no other Python.
const LOCALSTACK: Environment = Environment {
    name: "localstack-4.14.0",
    packages: &["localstack-core[runtime]==4.14.0", "cbor2<6"],
    python: Some((3, 13)),
    uv_options: &["--exclude-newer", "2026-03-01"],
};

/// Stands in for AWS's DynamoDB Local, which LocalStack would download and whose licence forbids much.
const DYNALITE: &str = "dynalite-4.0.0";

/// What LocalStack would install by itself for the streams of tables, with settings of its own for the network.
const KINESIS: &str = "kinesis-local-0.5.2";

/// A start takes 6 to 11 seconds on an idle machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Starts LocalStack. DynamoDB works where npm is there.
pub fn localstack() -> Option<Emulator> {
    available("localstack", start())
}

fn start() -> Result<Emulator, ManagedError> {
    let environment = LOCALSTACK.install(&cache(), &events())?;
    let folder = scratch("localstack");
    let root = folder.path().join("root");
    make_folder(&folder.path().join("tmp"))?;
    make_folder(&root)?;
    match npm(DYNALITE, "dynalite@4.0.0").and_then(|dynalite| Ok((dynalite, npm(KINESIS, "kinesis-local@0.5.2")?))) {
        Ok((dynalite, kinesis)) => {
            offer_dynalite(&dynalite, &root)?;
            offer_kinesis(&kinesis, &root)?;
        }
        Err(error) => say(&format!("LocalStack runs without DynamoDB: {error}")),
    }
    let log = folder.path().join("log");
    let port = free_port()?;
    let address = format!("127.0.0.1:{port}");
    let mut command = Command::new(environment.join("bin/localstack-supervisor"));
    command
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .env("HOME", folder.path())
        .env("TMPDIR", folder.path().join("tmp"))
        .env("GATEWAY_LISTEN", &address)
        // Its other server listens on all interfaces whatever it is told.
        .env("GATEWAY_SERVER", "hypercorn")
        .env("LOCALSTACK_HOST", &address)
        .env("OVERRIDE_IN_DOCKER", "0")
        .env("FILESYSTEM_ROOT", &root)
        .env("SKIP_SSL_CERT_DOWNLOAD", "1")
        .env("DISABLE_EVENTS", "1")
        .env("EAGER_SERVICE_LOADING", "0")
        .env("DNS_ADDRESS", "0")
        .env("SQS_ENDPOINT_STRATEGY", "path")
        .current_dir(folder.path());
    let mut running = Running::start(&mut command, folder.path(), &log)?;
    running.own(folder)?;
    running.wait_until("LocalStack", &log, PATIENCE, &events(), || {
        http_status(port, "GET", "/_localstack/health") == Some(200)
    })?;
    Ok(Emulator { name: "localstack", port, account: "000000000000", running })
}

/// Installs a package by npm into a folder of the cache, once.
fn npm(name: &str, package: &str) -> Result<PathBuf, ManagedError> {
    let folder = cache();
    let target = folder.join(name);
    with_lock(&folder, name, &events(), |lock| {
        let complete = target.join("complete");
        if !complete.exists() {
            events().phase(format!("install {name}"));
            let mut npm = Command::new("npm");
            npm.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(&target).arg(package);
            run_step(name, &mut npm, lock, &events())?;
            fs::write(&complete, "").map_err(ManagedError::io(&complete))?;
        }
        Ok(target.clone())
    })
}

/// Puts kinesis-local where LocalStack would install it: it takes what is there.
fn offer_kinesis(kinesis: &Path, root: &Path) -> Result<(), ManagedError> {
    let target = root.join("var/lib/localstack/lib/kinesis-local/0.5.2");
    make_folder(target.parent().expect("it is in a folder"))?;
    // A copy, because LocalStack may write there.
    let mut copy = Command::new("cp");
    let status = copy.arg("-r").arg(kinesis).arg(&target).status().map_err(ManagedError::io("cp"))?;
    assert!(status.success(), "{} can be copied", kinesis.display());
    Ok(())
}

/// Puts dynalite where LocalStack looks for the Java that is to run DynamoDB Local.
fn offer_dynalite(dynalite: &Path, root: &Path) -> Result<(), ManagedError> {
    let library = root.join("var/lib/localstack/lib");
    let local = library.join("dynamodb-local/2");
    make_folder(&local.join("DynamoDBLocal_lib"))?;
    let jar = local.join("DynamoDBLocal.jar");
    fs::write(&jar, "").map_err(ManagedError::io(&jar))?;
    let java = library.join("java/21/bin/java");
    make_folder(java.parent().expect("it is in a folder"))?;
    // It runs in a session of its own, so it looks itself whether LocalStack is still there.
    let module = dynalite.join("node_modules/dynalite");
    let script = format!(
        "#!/usr/bin/env node\n\
         const port = process.argv[process.argv.indexOf('-port') + 1]\n\
         const quick = {{ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 }}\n\
         require({module:?})(quick).listen(Number(port), '127.0.0.1')\n\
         const parent = process.ppid\n\
         setInterval(() => process.ppid === parent || process.exit(), 500)\n"
    );
    fs::write(&java, script).map_err(ManagedError::io(&java))?;
    make_executable(&java)
}

fn make_folder(path: &Path) -> Result<(), ManagedError> {
    fs::create_dir_all(path).map_err(ManagedError::io(path))
}

#[cfg(unix)]
fn make_executable(path: &Path) -> Result<(), ManagedError> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).map_err(ManagedError::io(path))
}

#[cfg(not(unix))]
fn make_executable(_path: &Path) -> Result<(), ManagedError> {
    Ok(())
}
