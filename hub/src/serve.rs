//! Puts a hub process together, and runs it until it is stopped.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::authority::Authority;
use crate::clock::now_ms;
use crate::config::Config;
use crate::listener::{Listener, bind};
use crate::store::{MigrateError, Pool, Store};
use crate::{people, tills};

/// Runs a hub until SIGTERM or SIGINT.
///
/// # Errors
/// If a listener cannot begin, or the database has other tables than this program.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let pool = Pool::new(&config.database).map_err(anyhow::Error::msg)?;
    let store = Arc::new(Store::new(Arc::new(pool)));
    let authority =
        Arc::new(Authority::read(&config.tills.authority).context("the hub's authority")?);
    wait_for_database(&store).await?;

    let (stop, stopping) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let tls = tls_for_tills(&authority, &config.tills.names)?;
    let (tls_now, tls) = watch::channel(tls);
    let socket = bind_named(config.tills.listen, "tills.listen").await?;
    let mut says = format!("tills {}", socket.local_addr()?);
    let for_tills = Listener {
        socket,
        tls: Some(tls),
        router: tills::router(Arc::clone(&store), Arc::clone(&authority), config.limits),
        connections: config.limits.connections,
    };
    tasks.spawn(for_tills.serve(stopping.clone()));
    if let Some(for_people) = &config.people {
        let socket = bind_named(for_people.listen, "people.listen").await?;
        says.push_str(&format!(" people {}", socket.local_addr()?));
        let tls = match &for_people.certificate {
            Some((certificate, key)) => Some(watch::channel(tls_for_people(certificate, key)?).1),
            None => None,
        };
        let listener = Listener {
            socket,
            router: people::router(Arc::clone(&store), tls.is_some()),
            tls,
            connections: PEOPLE_CONNECTIONS,
        };
        tasks.spawn(listener.serve(stopping.clone()));
    }
    let names = config.tills.names.clone();
    tasks.spawn(daily_work(store, authority, names, tls_now, stopping));
    tracing::info!("READY {says}");
    // Outside of a service manager there is nothing to notify.
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);

    stop_signal().await?;
    tracing::info!("stopping");
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    stop.send_replace(true);
    while tasks.join_next().await.is_some() {}
    Ok(())
}

/// Waits until the database answers: it may start after the hub. Wrong tables end the start.
async fn wait_for_database(store: &Store) -> anyhow::Result<()> {
    loop {
        match store.check_migrated().await {
            Ok(()) => return Ok(()),
            Err(MigrateError::Store(error)) => {
                tracing::warn!(%error, "the database does not answer yet");
                tokio::time::sleep(DATABASE_PAUSE).await;
            }
            Err(other) => return Err(other.into()),
        }
    }
}

async fn bind_named(address: SocketAddr, key: &str) -> anyhow::Result<tokio::net::TcpListener> {
    bind(address)
        .await
        .with_context(|| format!("{key}: {address} cannot be used"))
}

/// TLS for tills: the hub's certificate, and certificates of the hub's authority from those who have one. A caller without a certificate
/// can only enrol.
fn tls_for_tills(authority: &Authority, names: &[String]) -> anyhow::Result<Arc<ServerConfig>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let clients =
        WebPkiClientVerifier::builder_with_provider(authority.roots(), Arc::clone(&provider))
            .allow_unauthenticated()
            .build()?;
    let (chain, key) = authority.listener_certificate(names, now_ms())?;
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(clients)
        .with_single_cert(chain, key)?;
    Ok(Arc::new(config))
}

fn tls_for_people(
    certificate: &std::path::Path,
    key: &std::path::Path,
) -> anyhow::Result<Arc<ServerConfig>> {
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .with_context(|| format!("people.certificate_file: {}", certificate.display()))?;
    let key = PrivateKeyDer::from_pem_file(key)
        .with_context(|| format!("people.key_file: {}", key.display()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .context("people.certificate_file and people.key_file")?;
    Ok(Arc::new(config))
}

/// Makes the tables of the next month before they are needed, and a new certificate of the listener each day.
async fn daily_work(
    store: Arc<Store>,
    authority: Arc<Authority>,
    names: Vec<String>,
    tls: watch::Sender<Arc<ServerConfig>>,
    mut stopping: watch::Receiver<bool>,
) {
    loop {
        if let Err(error) = store.make_next_months(now_ms()).await {
            tracing::warn!(%error, "the table of the next month was not made; it is made when it is needed");
        }
        tokio::select! {
            () = tokio::time::sleep(DAY) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
        match tls_for_tills(&authority, &names) {
            Ok(config) => drop(tls.send_replace(config)),
            Err(error) => tracing::error!(%error, "the listener keeps its certificate"),
        }
    }
}

async fn stop_signal() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

const PEOPLE_CONNECTIONS: usize = 100;
const DATABASE_PAUSE: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
