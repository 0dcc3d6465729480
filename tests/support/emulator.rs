//! A running emulator, and Python scripts that look at it with boto3.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use podex::instance::managed::{Environment, ManagedEmulator, ManagedError, Running, free_port};

use super::registry::make_certificates;
use super::{available, cache, events, scratch};

/// Where the scripts are.
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python");

/// How long a Python program may take to listen on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(30);

/// What the scripts run in: apart from the emulators, so that the reading is independent.
const BOTO3: Environment =
    Environment { name: "boto3-1.44.8", packages: &["boto3==1.44.8"], python: None, uv_options: &[] };

/// A freshly started, empty emulator.
pub struct Emulator {
    /// `ministack`, `moto` or `localstack`.
    pub name: &'static str,
    /// Where it listens.
    pub port: u16,
    /// The account it uses when told none.
    pub account: &'static str,
    pub(super) running: Running,
}

/// An emulator's https side; ends when dropped.
pub struct TlsFront {
    /// Where it listens.
    pub port: u16,
    /// The certificate of the authority that signed its own.
    pub authority: PathBuf,
    _running: Running,
}

/// Starts ministack.
pub fn ministack() -> Option<Emulator> {
    available("ministack", managed(ManagedEmulator::Ministack, "000000000000"))
}

/// Starts moto. Its Lambda functions echo their input, as it has no docker here.
pub fn moto() -> Option<Emulator> {
    let moto = available("moto", managed(ManagedEmulator::Moto, "123456789012"))?;
    let settings = r#"{"lambda": {"use_docker": false}, "stepfunctions": {"execute_state_machine": true}}"#;
    moto.post("/moto-api/config", settings);
    Some(moto)
}

fn managed(emulator: ManagedEmulator, account: &'static str) -> Result<Emulator, ManagedError> {
    let environment = emulator.environment().install(&cache(), &events())?;
    let folder = scratch(emulator.name());
    let (mut running, port) = emulator.start(&environment, folder.path(), folder.path(), None, &events())?;
    running.own(folder)?;
    Ok(Emulator { name: emulator.name(), port, account, running })
}

impl Emulator {
    /// Its URL.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its files, and its `log`.
    pub fn folder(&self) -> &Path {
        self.running.folder().expect("every emulator has a folder")
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// Ends it as a crash would. The value stays, for its endpoint.
    pub fn kill(&mut self) {
        self.running.kill();
    }

    /// Empties it, where it can be emptied without a restart (ministack, moto).
    pub fn reset(&self) {
        match self.name {
            "ministack" => self.post("/_ministack/reset", ""),
            "moto" => self.post("/moto-api/reset", ""),
            other => panic!("{other} cannot be reset: start another one"),
        }
    }

    /// The emulator over https, on a port of its own.
    pub fn over_tls(&self) -> TlsFront {
        let environment = available("boto3", BOTO3.install(&cache(), &events())).expect("boto3, beside the emulators");
        let folder = scratch("tls");
        make_certificates(folder.path());
        let at = |name: &str| folder.path().join(name);
        let (port, log) = (free_port().expect("a free port"), at("log"));
        let mut command = Command::new(environment.join("bin/python"));
        command.arg(Path::new(SCRIPTS).join("tls_front.py")).args([port.to_string(), self.port.to_string()]);
        command.arg(at("leaf.pem")).arg(at("leaf.key"));
        let authority = at("ca.pem");
        let mut running = Running::start(&mut command, folder.path(), &log).expect("python starts");
        let listens = || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
        running.wait_until("the https front", &log, START_LIMIT, &events(), listens).expect("the front starts");
        running.own(folder).expect("the watchdog is there");
        TlsFront { port, authority, _running: running }
    }

    /// A script of `tests/python`, to be run against this emulator.
    pub fn script(&self, name: &str) -> Script<'_> {
        Script {
            emulator: self,
            path: Path::new(SCRIPTS).join(name),
            args: Vec::new(),
            account: self.account.to_owned(),
            region: "us-east-1".to_owned(),
        }
    }

    /// Plays steps by boto3, written as those of the demo are: service, region, operation, input, and what to wait for.
    pub fn play(&self, steps: &serde_json::Value) {
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        file.write_all(steps.to_string().as_bytes()).expect("steps are written");
        self.script("play.py").args([self.endpoint(), file.path().display().to_string()]).run();
    }

    fn post(&self, path: &str, body: &str) {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).expect("the emulator answers");
        let length = body.len();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
        .expect("the emulator listens");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the emulator answers");
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert!(matches!(status, "200" | "201" | "204"), "POST {path}: {answer}");
    }
}

/// A run of a Python script. The script finds the emulator by boto3's usual environment variables.
pub struct Script<'a> {
    emulator: &'a Emulator,
    path: PathBuf,
    args: Vec<String>,
    account: String,
    region: String,
}

impl Script<'_> {
    /// Adds arguments.
    pub fn args<S: Into<String>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Works in another account.
    pub fn account(mut self, account: &str) -> Self {
        self.account = account.to_owned();
        self
    }

    /// Works in another region than us-east-1.
    pub fn region(mut self, region: &str) -> Self {
        self.region = region.to_owned();
        self
    }

    /// Runs it and gives what it printed. Panics with its errors when it fails.
    pub fn run(self) -> String {
        let environment = available("boto3", BOTO3.install(&cache(), &events())).expect("boto3, beside the emulators");
        let python = environment.join("bin/python");
        let mut command = Command::new(&python);
        command.arg(&self.path).args(&self.args);
        self.surroundings(&mut command, &self.account);
        if self.emulator.name == "moto" && self.account != self.emulator.account {
            // moto does not take the account from the access key: the session of a role there does.
            let [key, secret, token] = self.assume_role(&python);
            command.env("AWS_ACCESS_KEY_ID", key).env("AWS_SECRET_ACCESS_KEY", secret).env("AWS_SESSION_TOKEN", token);
        }
        printed(&mut command)
    }

    fn surroundings(&self, command: &mut Command, key: &str) {
        command.env_clear().current_dir(self.emulator.folder());
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command
            .env("HOME", self.emulator.folder())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("AWS_ENDPOINT_URL", self.emulator.endpoint())
            .env("AWS_ACCESS_KEY_ID", key)
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_DEFAULT_REGION", &self.region)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("PODEX_TEST_EMULATOR", self.emulator.name)
            .env("PODEX_TEST_ACCOUNT", &self.account);
    }

    fn assume_role(&self, python: &Path) -> [String; 3] {
        let mut command = Command::new(python);
        let role = format!("arn:aws:iam::{}:role/test", self.account);
        command.args(["-c", "import boto3, sys\nc = boto3.client('sts').assume_role(RoleArn=sys.argv[1], RoleSessionName='test')['Credentials']\nprint(c['AccessKeyId'], c['SecretAccessKey'], c['SessionToken'])", &role]);
        self.surroundings(&mut command, "test");
        let words: Vec<String> = printed(&mut command).split_whitespace().map(str::to_owned).collect();
        words.try_into().expect("three words")
    }
}

/// Runs a program and gives its output; panics with what it said when it fails.
pub(super) fn printed(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?} failed:\n{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}
