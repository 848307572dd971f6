//! An agent in a thread of this process.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use axum::Router;
use ferrotill::agent::Agent;
use ferrotill::config::Config;
use ferrotill::seal::signature::units::Units;
use ferrotill::time::clock::Clock;
use tokio::sync::oneshot;

use super::Client;
use super::outside::Process;

/// Any free port of this machine.
pub const ANYWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// How long a test waits for the previous agent of a folder.
const LONG: Duration = Duration::from_secs(60);

/// A running agent. Dropping this value stops the agent and waits for its end.
pub struct AgentThread {
    pub client: Client,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl AgentThread {
    /// Starts an agent; `look` takes from it what the test needs.
    pub fn start<T: Send + 'static>(
        config: &str,
        clock: Option<&Arc<Clock>>,
        look: impl FnOnce(&Agent) -> T + Send + 'static,
    ) -> (Self, T) {
        let config = Config::parse(config, "test.toml").unwrap();
        let clock = clock.map(Arc::clone);
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            in_runtime(async {
                let listener = tokio::net::TcpListener::bind(ANYWHERE).await.unwrap();
                let agent = started(&config, clock.as_ref());
                let looked = look(&agent);
                tell.send((listener.local_addr().unwrap(), looked)).unwrap();
                let ended = async { drop(stopped.await) };
                agent.serve(listener, Router::new(), ended).await;
            });
        });
        let (address, looked) = told.recv().unwrap();
        let agent = Self {
            client: Client::new(format!("http://{address}")),
            stop: Some(stop),
            thread: Some(thread),
        };
        (agent, looked)
    }
}

impl Drop for AgentThread {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // If the thread has panicked, the panic was printed when it happened.
            let _ = thread.join();
        }
    }
}

/// The agent of a shop.
pub enum RunningAgent {
    InThisProcess(AgentThread),
    /// A process of another program that is tested.
    Other(Process),
}

impl RunningAgent {
    pub fn client(&self) -> &Client {
        match self {
            Self::InThisProcess(agent) => &agent.client,
            Self::Other(process) => &process.client,
        }
    }

    /// Stops the agent, as the system would; in a test that has failed already, another program is killed.
    pub fn stop(self) {
        match self {
            Self::InThisProcess(agent) => drop(agent),
            Self::Other(mut process) if std::thread::panicking() => process.kill(),
            Self::Other(mut process) => process.stop(),
        }
    }
}

/// The previous agent may still hold the store for a moment, because the thread of its printer ends by itself.
fn started(config: &Config, clock: Option<&Arc<Clock>>) -> Agent {
    let begun = Instant::now();
    loop {
        match Agent::start(config.clone(), clock.map(Arc::clone)) {
            Ok(agent) => return agent,
            Err(error) => assert!(begun.elapsed() < LONG, "{error:?}"),
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// An agent whose signature units the test switches.
pub struct SigningAgent {
    pub client: Client,
    pub units: Arc<Units>,
    _thread: AgentThread,
}

impl SigningAgent {
    pub fn start(file: &Path, clock: Option<&Arc<Clock>>) -> Self {
        let config = std::fs::read_to_string(file).unwrap();
        let (thread, units) =
            AgentThread::start(&config, clock, |agent| agent.signature_units().unwrap());
        Self {
            client: thread.client.clone(),
            units,
            _thread: thread,
        }
    }
}

/// Carries out work in a runtime of this thread.
pub fn in_runtime(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work);
}
