//! The connection of a till to the tax authority, and everything that can go wrong with it.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What the proxy does with each connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyMode {
    /// The connection reaches the authority.
    Forward,
    /// The connection is refused.
    Refused,
    /// The connection breaks before an answer.
    Broken,
    /// The connection is accepted, and no answer comes.
    Silent,
    /// A login page of the local network answers, with 200.
    LoginPage,
    /// A login page of the local network answers with a redirect.
    Redirect,
    /// The other side is a server that expects TLS.
    Tls,
    /// The answer begins and never ends.
    Trickle,
    /// A server answers with HTTP status 503.
    Unable,
}

impl ProxyMode {
    /// Every mode in which the authority cannot be reached.
    pub const OUTAGES: [Self; 8] = [
        Self::Refused,
        Self::Broken,
        Self::Silent,
        Self::LoginPage,
        Self::Redirect,
        Self::Tls,
        Self::Trickle,
        Self::Unable,
    ];
}

/// A TCP proxy in front of the authority. The proxy runs until the process ends.
pub struct Proxy {
    /// The address of the proxy, which the till uses in place of the authority's.
    pub url: String,
    state: Arc<Mutex<State>>,
}

/// The mode of the proxy, and the connections that a change of the mode cuts.
struct State {
    mode: ProxyMode,
    /// The two ends of each connection that is forwarded.
    forwarded: Vec<TcpStream>,
}

impl Proxy {
    /// Starts a proxy in front of a server; its first mode forwards everything.
    ///
    /// # Panics
    ///
    /// The system has no free port.
    #[must_use]
    pub fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State {
            mode: ProxyMode::Forward,
            forwarded: Vec::new(),
        }));
        thread::spawn({
            let state = Arc::clone(&state);
            move || accept(listener, address, server, &state)
        });
        Self {
            url: format!("http://{address}"),
            state,
        }
    }

    /// Changes the mode. Connections that are being forwarded break, with the bytes that are on their way.
    ///
    /// # Panics
    ///
    /// A thread of the proxy has panicked.
    pub fn set(&self, mode: ProxyMode) {
        let mut state = self.state.lock().unwrap();
        if state.mode != mode {
            state.mode = mode;
            for stream in state.forwarded.drain(..) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
    }
}

/// Accepts connections in every mode except [`ProxyMode::Refused`], in which the port is closed.
fn accept(
    listener: TcpListener,
    address: SocketAddr,
    server: SocketAddr,
    state: &Arc<Mutex<State>>,
) {
    let mut open = Some(listener);
    loop {
        let now = state.lock().unwrap().mode;
        if now == ProxyMode::Refused {
            open = None;
            thread::sleep(STEP);
            continue;
        }
        let listener = open.get_or_insert_with(|| {
            loop {
                // For a moment an outgoing connection of another program may use this port.
                match TcpListener::bind(address) {
                    Ok(listener) => break listener,
                    Err(_) => thread::sleep(STEP),
                }
            }
        });
        listener.set_nonblocking(true).unwrap();
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false).unwrap();
                let state = Arc::clone(state);
                thread::spawn(move || treat(stream, server, &state));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(STEP),
            Err(error) => panic!("{error}"),
        }
    }
}

/// Treats one connection by the mode of the proxy. If the peer closes the connection meanwhile, that is no error.
fn treat(mut till: TcpStream, server: SocketAddr, state: &Mutex<State>) {
    let now = state.lock().unwrap().mode;
    let changed = || state.lock().unwrap().mode != now;
    let answer = |mut till: TcpStream, text: &str| {
        let _ = till.read(&mut [0; 8192]);
        let _ = till.write_all(text.as_bytes());
    };
    match now {
        ProxyMode::Forward => {
            let server = TcpStream::connect(server).unwrap();
            let (back, forth) = (till.try_clone().unwrap(), server.try_clone().unwrap());
            let ends = [&till, &server].map(|end| end.try_clone().unwrap());
            {
                let mut state = state.lock().unwrap();
                if state.mode != now {
                    return;
                }
                state.forwarded.extend(ends);
            }
            thread::spawn(move || relay(server, back));
            relay(till, forth);
        }
        // The system resets a connection that is closed with unread bytes.
        ProxyMode::Refused | ProxyMode::Broken => {}
        ProxyMode::Silent => {
            while !changed() {
                thread::sleep(STEP);
            }
        }
        ProxyMode::LoginPage => answer(
            till,
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 24\r\n\r\n<html>Pay here</html>  \n",
        ),
        ProxyMode::Redirect => answer(
            till,
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/login\r\nContent-Length: 0\r\n\r\n",
        ),
        ProxyMode::Tls => answer(till, "\u{15}\u{3}\u{1}\0\u{2}\u{2}\u{28}"),
        ProxyMode::Trickle => {
            let _ = till.read(&mut [0; 8192]);
            let _ = till.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
            while !changed() && till.write_all(b" ").is_ok() {
                thread::sleep(STEP * 10);
            }
        }
        ProxyMode::Unable => answer(
            till,
            "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n",
        ),
    }
}

fn relay(mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = [0; 8192];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

const STEP: Duration = Duration::from_millis(2);
