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
    match dynalite() {
        Ok(dynalite) => offer_dynalite(&dynalite, &root)?,
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

/// Installs dynalite by npm, once.
fn dynalite() -> Result<PathBuf, ManagedError> {
    let folder = cache();
    let target = folder.join(DYNALITE);
    with_lock(&folder, DYNALITE, &events(), |lock| {
        let complete = target.join("complete");
        if !complete.exists() {
            events().phase(format!("install {DYNALITE}"));
            let mut npm = Command::new("npm");
            npm.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(&target).arg("dynalite@4.0.0");
            run_step(DYNALITE, &mut npm, lock, &events())?;
            fs::write(&complete, "").map_err(ManagedError::io(&complete))?;
        }
        Ok(target.clone())
    })
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
