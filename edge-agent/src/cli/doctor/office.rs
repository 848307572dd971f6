//! The checks of the way to the authority.

use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::time::Duration;

use super::Finding;
use crate::config::Config;

pub(super) fn checks(config: &Config) -> Vec<Finding> {
    let Some(upstream) = &config.upstream else {
        return vec![Finding::bad(
            "office_address",
            "no authority is configured, so no document is sent",
            "write the address of the authority into [upstream]",
        )];
    };
    let url = &upstream.url;
    let (host, port) = host_and_port(url);
    let addresses = match resolved(&host, port) {
        Ok(addresses) => addresses,
        Err(why) => {
            return vec![Finding::bad(
                "office_address",
                format!("the host of {url} is not found: {why}"),
                "correct upstream.url, and look at the network and at /etc/resolv.conf",
            )];
        }
    };
    let found = Finding::good("office_address", format!("{host} is found"));
    let reached = addresses
        .iter()
        .any(|address| TcpStream::connect_timeout(address, WAIT).is_ok());
    let connection = match reached {
        true => Finding::good(
            "office_connection",
            format!("{host} takes connections at port {port}"),
        ),
        false => Finding::bad(
            "office_connection",
            format!("{host} takes no connection at port {port}"),
            "look at the network and the firewall, and ask the authority whether its server works",
        ),
    };
    vec![found, connection]
}

/// How long a name or a connection is waited for, so that all checks together take less than ten seconds.
const WAIT: Duration = Duration::from_secs(3);

/// Host and port of a url.
fn host_and_port(url: &str) -> (String, u16) {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let usual = if scheme == "https" { 443 } else { 80 };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().unwrap_or(usual)),
        _ => (authority, usual),
    };
    (host.trim_matches(['[', ']']).to_owned(), port)
}

/// The addresses of a host. A name server that does not answer is not waited for to its last try.
fn resolved(host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
    let (tell, told) = mpsc::channel();
    let wanted = (host.to_owned(), port);
    std::thread::spawn(move || {
        let found = wanted
            .to_socket_addrs()
            .map(|found| found.take(2).collect());
        // Nobody may listen any more.
        let _ = tell.send(found.map_err(|error: std::io::Error| error.to_string()));
    });
    told.recv_timeout(WAIT)
        .unwrap_or_else(|_| Err("the name server does not answer".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::host_and_port;

    #[test]
    fn host_and_port_are_those_of_the_url() {
        for (url, host, port) in [
            ("http://127.0.0.1:7100", "127.0.0.1", 7100),
            ("https://office.example/api", "office.example", 443),
            ("http://office.example", "office.example", 80),
            ("http://[::1]:81/x", "::1", 81),
            (
                "https://till:4711@office.example?key=1",
                "office.example",
                443,
            ),
        ] {
            assert_eq!(host_and_port(url), (host.to_owned(), port));
        }
    }
}
