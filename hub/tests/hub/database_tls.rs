//! TLS to the database.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use rcgen::{CertificateParams, KeyPair};

use super::*;

/// A cluster with TLS on a port of 127.0.0.1, and the certificate that its clients must trust.
fn with_tls() -> Option<(Cluster, u16, String)> {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()])
        .unwrap()
        .self_signed(&key)
        .unwrap();
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let files = [
        ("tls.pem", certificate.pem()),
        ("tls.key", key.serialize_pem()),
    ];
    let settings = format!(
        "listen_addresses = '127.0.0.1'\nport = {port}\nssl = on\nssl_cert_file = 'tls.pem'\nssl_key_file = 'tls.key'\nfsync = off\n"
    );
    let cluster = Cluster::with(&settings, &files)?;
    Some((cluster, port, certificate.pem()))
}

#[test]
fn the_connection_to_the_database_is_encrypted() {
    let Some((cluster, port, certificate)) = with_tls() else {
        return;
    };
    let database = cluster.database();
    let name = database.rsplit('=').next().unwrap();
    let url = format!("postgresql://hub@localhost:{port}/{name}");
    let folder = HubFolder::empty(&url, "ca_file = \"ca.pem\"\n");
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, certificate).unwrap();
    folder.succeeds(&["init", "--name", "localhost"]);
    folder.succeeds(&["migrate"]);
    let hub = folder.run();
    let encrypted = "SELECT bool_and(s.ssl) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE a.application_name = 'ferrotill-hub'";
    assert_eq!(cluster.psql(name, encrypted), "t");
    drop(hub);
    // A certificate that the database does not have.
    let other = CertificateParams::new(vec!["localhost".to_owned()])
        .unwrap()
        .self_signed(&KeyPair::generate().unwrap())
        .unwrap();
    std::fs::write(&ca, other.pem()).unwrap();
    let refused = folder.verb(&["migrate"]);
    assert!(!refused.status.success());
    std::fs::write(&ca, "nothing").unwrap();
    let refused = folder.verb(&["migrate"]);
    let error = String::from_utf8(refused.stderr).unwrap();
    assert!(
        error.contains("database.ca_file: has no certificate"),
        "{error}"
    );
    let mode = std::fs::metadata(folder.path().join("authority/authority.key"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}
