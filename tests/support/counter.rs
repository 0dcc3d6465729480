//! Counts the requests that reach an emulator.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Emulator;

/// How every request's first line ends.
const REQUEST: &[u8] = b" HTTP/1.1\r\n";

/// A port before an emulator's own, through which everything passes as it is.
pub struct Counter {
    port: u16,
    requests: Arc<AtomicUsize>,
}

impl Counter {
    /// Listens before `emulator` until the test's process ends.
    pub fn before(emulator: &Emulator) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let requests = Arc::new(AtomicUsize::new(0));
        let (target, count) = (emulator.port, requests.clone());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)) else { continue };
                let (Ok(answers), Ok(reader)) = (server.try_clone(), client.try_clone()) else { continue };
                let count = count.clone();
                std::thread::spawn(move || pass(reader, server, Some(&count)));
                std::thread::spawn(move || pass(answers, client, None));
            }
        });
        Self { port, requests }
    }

    /// Its URL, in place of the emulator's.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The requests since the last time this was asked.
    pub fn take(&self) -> usize {
        self.requests.swap(0, Ordering::SeqCst)
    }
}

/// Copies one direction of a connection, counting requests in it.
fn pass(mut from: TcpStream, mut to: TcpStream, count: Option<&AtomicUsize>) {
    let mut buffer = [0; 16 << 10];
    let mut seen: Vec<u8> = Vec::new();
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if let Some(count) = count {
            seen.extend_from_slice(&buffer[..length]);
            count.fetch_add(seen.windows(REQUEST.len()).filter(|window| *window == REQUEST).count(), Ordering::SeqCst);
            // A line may be cut by the end of what was read.
            seen.drain(..seen.len().saturating_sub(REQUEST.len() - 1));
        }
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
