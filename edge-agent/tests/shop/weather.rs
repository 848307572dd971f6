//! The line to the tax office, with its weather: everything that happens to a till's connection.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What happens to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// It reaches the office.
    Fair,
    /// It is refused.
    Refused,
    /// It breaks before an answer.
    Broken,
    /// Nobody answers.
    Silent,
    /// A page of a hotel's network answers, with 200.
    Portal,
    /// The same, with a redirect.
    Redirect,
    /// A server answers that wants TLS.
    Tls,
    /// An answer begins and never ends.
    Drip,
    /// A server is there and cannot.
    Unable,
}

impl Weather {
    /// Every kind of bad weather.
    pub const BAD: [Self; 8] = [
        Self::Refused,
        Self::Broken,
        Self::Silent,
        Self::Portal,
        Self::Redirect,
        Self::Tls,
        Self::Drip,
        Self::Unable,
    ];
}

/// The line, which lasts as long as the process.
pub struct Line {
    pub url: String,
    sky: Arc<Mutex<Sky>>,
}

/// The weather, and the connections that a change of it cuts.
struct Sky {
    weather: Weather,
    /// Both ends of each connection that fair weather let through.
    through: Vec<TcpStream>,
}

impl Line {
    /// A line to an office.
    pub fn to(office: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let sky = Arc::new(Mutex::new(Sky {
            weather: Weather::Fair,
            through: Vec::new(),
        }));
        thread::spawn({
            let sky = Arc::clone(&sky);
            move || keep(listener, address, office, &sky)
        });
        Self {
            url: format!("http://{address}"),
            sky,
        }
    }

    /// Turns the weather; a connection that was open breaks, with what is under way on it.
    pub fn set(&self, weather: Weather) {
        let mut sky = self.sky.lock().unwrap();
        if sky.weather != weather {
            sky.weather = weather;
            for stream in sky.through.drain(..) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
    }
}

/// Accepts in every weather but one, in which the port is closed.
fn keep(listener: TcpListener, address: SocketAddr, office: SocketAddr, sky: &Arc<Mutex<Sky>>) {
    let mut open = Some(listener);
    loop {
        let now = sky.lock().unwrap().weather;
        if now == Weather::Refused {
            open = None;
            thread::sleep(STEP);
            continue;
        }
        let listener = open.get_or_insert_with(|| {
            loop {
                // Somebody's outgoing connection may have the port for a moment.
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
                let sky = Arc::clone(sky);
                thread::spawn(move || pass(stream, office, &sky));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(STEP),
            Err(error) => panic!("{error}"),
        }
    }
}

/// One connection; who hangs up meanwhile is nobody's business.
fn pass(mut till: TcpStream, office: SocketAddr, sky: &Mutex<Sky>) {
    let now = sky.lock().unwrap().weather;
    let changed = || sky.lock().unwrap().weather != now;
    let answer = |mut till: TcpStream, text: &str| {
        let _ = till.read(&mut [0; 8192]);
        let _ = till.write_all(text.as_bytes());
    };
    match now {
        Weather::Fair => {
            let office = TcpStream::connect(office).unwrap();
            let (back, forth) = (till.try_clone().unwrap(), office.try_clone().unwrap());
            let ends = [&till, &office].map(|end| end.try_clone().unwrap());
            {
                let mut sky = sky.lock().unwrap();
                if sky.weather != now {
                    return;
                }
                sky.through.extend(ends);
            }
            thread::spawn(move || relay(office, back));
            relay(till, forth);
        }
        // What was not read is answered with a reset.
        Weather::Refused | Weather::Broken => {}
        Weather::Silent => {
            while !changed() {
                thread::sleep(STEP);
            }
        }
        Weather::Portal => answer(
            till,
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 24\r\n\r\n<html>Pay here</html>  \n",
        ),
        Weather::Redirect => answer(
            till,
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/login\r\nContent-Length: 0\r\n\r\n",
        ),
        Weather::Tls => answer(till, "\u{15}\u{3}\u{1}\0\u{2}\u{2}\u{28}"),
        Weather::Drip => {
            let _ = till.read(&mut [0; 8192]);
            let _ = till.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
            while !changed() && till.write_all(b" ").is_ok() {
                thread::sleep(STEP * 10);
            }
        }
        Weather::Unable => answer(
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
