//! A proxy in front of a real emulator that spoils the answers it is told to: what goes wrong there, no real emulator
//! does on demand. Everything else passes as it is. Also plays endpoints that the emulator does not have.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use super::emulator::Emulator;

/// A request, as far as a rule looks at it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Such as `GET`.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The service that it is signed for; empty for the emulator's own endpoints.
    pub service: String,
    /// The operation, where the protocol names one.
    pub operation: String,
    /// The lines of the head.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

/// What comes instead of the emulator's answer.
pub enum Spoil {
    /// Nothing, for ever.
    Hang,
    /// The emulator's own answer, but for the second half of its body; then the connection ends.
    CutOff,
    /// The same, but then nothing more comes, for ever.
    Stall,
    /// This answer.
    Answer(u16, Vec<u8>),
    /// A good answer that says nothing of its length and never ends.
    Endless,
    /// This good answer, without saying how long it is.
    Unmeasured(Vec<u8>),
}

impl Spoil {
    /// An answer in text.
    pub fn text(status: u16, body: impl Into<String>) -> Self {
        Self::Answer(status, body.into().into_bytes())
    }
}

type Rule = Arc<dyn Fn(&Asked) -> Option<Spoil> + Send + Sync>;

/// A running proxy; it ends with the test process.
pub struct Spoiler {
    /// Where it listens.
    pub port: u16,
    rule: Arc<Mutex<Rule>>,
}

impl Spoiler {
    /// Stands before an emulator and spoils nothing yet.
    pub fn before(emulator: &Emulator) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let nothing: Rule = Arc::new(|_| None);
        let (rule, target) = (Arc::new(Mutex::new(nothing)), emulator.port);
        let rules = Arc::clone(&rule);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let rules = Arc::clone(&rules);
                // Clients hang up, and that is what these tests are about.
                std::thread::spawn(move || serve(stream, target, &rules).ok());
            }
        });
        Self { port, rule }
    }

    /// Its URL.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Spoils from now on what the rule says.
    pub fn spoil(&self, rule: impl Fn(&Asked) -> Option<Spoil> + Send + Sync + 'static) {
        *self.rule.lock().expect("no rule panics while it is replaced") = Arc::new(rule);
    }

    /// Lets everything pass again.
    pub fn heal(&self) {
        self.spoil(|_| None);
    }
}

/// Serves one connection, which ends with the first answer.
fn serve(mut client: TcpStream, target: u16, rule: &Mutex<Rule>) -> std::io::Result<()> {
    let asked = read(&client)?;
    let rule = Arc::clone(&rule.lock().expect("no rule panics while it is replaced"));
    match rule(&asked) {
        None => client.write_all(&forward(&asked, target)?),
        Some(Spoil::Hang) => hang(&client),
        Some(Spoil::Unmeasured(body)) => {
            client.write_all(b"HTTP/1.1 200 -\r\nconnection: close\r\n\r\n")?;
            client.write_all(&body)
        }
        Some(Spoil::Endless) => {
            client.write_all(b"HTTP/1.1 200 -\r\nconnection: close\r\n\r\n")?;
            // Until the client has had enough.
            loop {
                client.write_all(&[b'x'; 1 << 16])?;
            }
        }
        Some(Spoil::Answer(status, body)) => {
            let length = body.len();
            write!(client, "HTTP/1.1 {status} -\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n")?;
            client.write_all(&body)
        }
        Some(spoil) => {
            let answer = forward(&asked, target)?;
            let head = answer.windows(4).position(|four| four == b"\r\n\r\n").map_or(answer.len(), |at| at + 4);
            client.write_all(&answer[..head + (answer.len() - head) / 2])?;
            if matches!(spoil, Spoil::Stall) { hang(&client) } else { Ok(()) }
        }
    }
}

/// Waits until the client has had enough.
fn hang(mut client: &TcpStream) -> std::io::Result<()> {
    client.read(&mut [0]).map(|_| ())
}

fn read(client: &TcpStream) -> std::io::Result<Asked> {
    let mut reader = BufReader::new(client);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    let header = |name: &str| {
        head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let length = header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let signed = header("authorization").unwrap_or_default();
    let service = signed.split("Credential=").nth(1).and_then(|scope| scope.split('/').nth(3)).unwrap_or_default();
    let action = || {
        let form = String::from_utf8_lossy(&body).into_owned();
        form.split('&').find_map(|pair| pair.strip_prefix("Action=").map(str::to_owned))
    };
    let named = header("x-amz-target").and_then(|named| named.rsplit('.').next().map(str::to_owned));
    let mut first = head.split(' ');
    Ok(Asked {
        method: first.next().unwrap_or_default().to_owned(),
        target: first.next().unwrap_or_default().to_owned(),
        service: service.to_owned(),
        operation: named.or_else(action).unwrap_or_default(),
        head,
        body,
    })
}

/// The emulator's whole answer.
fn forward(asked: &Asked, target: u16) -> std::io::Result<Vec<u8>> {
    let mut emulator = TcpStream::connect((Ipv4Addr::LOCALHOST, target))?;
    let kept = asked.head.lines().filter(|line| !line.is_empty() && !line.to_lowercase().starts_with("connection:"));
    let head: String = kept.map(|line| format!("{line}\r\n")).collect();
    emulator.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes())?;
    emulator.write_all(&asked.body)?;
    let mut answer = Vec::new();
    emulator.read_to_end(&mut answer)?;
    Ok(answer)
}
