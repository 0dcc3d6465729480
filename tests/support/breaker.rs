//! A proxy in front of a real registry or store that counts bytes and breaks connections in their middle.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// How requests go on to the server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Passing {
    /// As they come.
    AtOnce,
    /// When they are complete, as most proxies before registries do it: of a broken one the server sees nothing.
    Whole,
}

/// One direction.
#[derive(Default)]
struct Way {
    bytes: AtomicU64,
    /// Sums of bytes at which a connection breaks.
    cuts: Mutex<VecDeque<u64>>,
}

impl Way {
    /// Counts; false where the connection breaks now.
    fn passes(&self, bytes: usize) -> bool {
        let sum = self.bytes.fetch_add(bytes as u64, Ordering::SeqCst) + bytes as u64;
        let mut cuts = self.cuts.lock().expect("nobody panics here");
        let cut = cuts.front().is_some_and(|cut| sum >= *cut);
        if cut {
            cuts.pop_front();
        }
        !cut
    }
}

/// The proxy; it listens until the test's process ends.
pub struct Breaker {
    port: u16,
    up: Arc<Way>,
    down: Arc<Way>,
}

impl Breaker {
    /// Listens before a server on `port` of this machine.
    pub fn before(port: u16, passing: Passing) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let own = listener.local_addr().expect("its address").port();
        let (up, down): (Arc<Way>, Arc<Way>) = Default::default();
        let ways = (up.clone(), down.clone());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (up, down) = ways.clone();
                std::thread::spawn(move || match passing {
                    Passing::AtOnce => at_once(client, port, &up, down),
                    Passing::Whole => whole(client, port, &up, &down),
                });
            }
        });
        Self { port: own, up, down }
    }

    /// `127.0.0.1:port`, in place of the server's.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Bytes that clients sent so far.
    pub fn sent(&self) -> u64 {
        self.up.bytes.load(Ordering::SeqCst)
    }

    /// Bytes that clients got so far.
    pub fn got(&self) -> u64 {
        self.down.bytes.load(Ordering::SeqCst)
    }

    /// Breaks the connection that is in use when clients have sent so many bytes, counted from now.
    pub fn break_sending(&self, after: u64) {
        self.up.cuts.lock().expect("nobody panics here").push_back(self.sent() + after);
    }

    /// Breaks the connection that is in use when clients have got so many bytes, counted from now.
    pub fn break_getting(&self, after: u64) {
        self.down.cuts.lock().expect("nobody panics here").push_back(self.got() + after);
    }
}

fn at_once(client: TcpStream, port: u16, up: &Way, down: Arc<Way>) {
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { return };
    let (Ok(answers), Ok(back)) = (server.try_clone(), client.try_clone()) else { return };
    std::thread::spawn(move || copy(answers, back, &down));
    copy(client, server, up);
}

fn copy(mut from: TcpStream, mut to: TcpStream, way: &Way) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if !way.passes(length) {
            let _ = from.shutdown(Shutdown::Both);
            let _ = to.shutdown(Shutdown::Both);
            return;
        }
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// Serves one request, and ends the connection with its answer.
fn whole(mut client: TcpStream, port: u16, up: &Way, down: &Way) {
    let Some(request) = read_request(&mut client, up) else { return };
    let Ok(mut server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { return };
    let mut answer = Vec::new();
    if server.write_all(&request).and_then(|()| server.read_to_end(&mut answer).map(drop)).is_ok()
        && down.passes(answer.len())
    {
        let _ = client.write_all(&answer);
    }
}

/// A request whose body has a length, made the last of its connection; None where it breaks.
fn read_request(client: &mut TcpStream, up: &Way) -> Option<Vec<u8>> {
    let (mut request, mut buffer) = (Vec::new(), vec![0; 64 << 10]);
    let mut whole = None;
    while whole.is_none_or(|whole| request.len() < whole) {
        let length = client.read(&mut buffer).ok().filter(|length| *length > 0)?;
        if !up.passes(length) {
            return None;
        }
        request.extend_from_slice(&buffer[..length]);
        if whole.is_none()
            && let Some(end) = request.windows(4).position(|four| four == b"\r\n\r\n")
        {
            let head = String::from_utf8_lossy(&request[..end]).into_owned();
            let body = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            let added = b"\r\nConnection: close";
            request.splice(end..end, added.iter().copied());
            whole = Some(end + added.len() + 4 + body.unwrap_or(0));
        }
    }
    Some(request)
}
