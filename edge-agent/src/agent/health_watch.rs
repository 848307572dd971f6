//! Looks once a second at what no document would show: the disk, the clerk, the clock, the offline limits and the shifts.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::sys::statvfs::statvfs;

use ferrotill_store::folder_is_private;

use super::caller_tls::CallerTls;
use crate::api::own::watch;
use crate::api::service::Service;

/// The pause between two looks. What is found must be in `/healthz` within two seconds.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const _: () = assert!(LOOK_EVERY.as_millis() < 2_000, "docs/api/own.md");

/// The thread that looks. Dropping this value ends it.
#[derive(Debug)]
pub(super) struct HealthWatch {
    /// A channel without messages. The thread ends when this end is dropped.
    running: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl HealthWatch {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// The system cannot create a thread.
    pub(super) fn start(
        service: Arc<Service>,
        folder: PathBuf,
        mut tls: Option<CallerTls>,
    ) -> io::Result<Self> {
        let (running, stopped) = channel();
        let thread = std::thread::Builder::new()
            .name("health".to_owned())
            .spawn(move || {
                // The first look comes after the printers had time to connect and the clocks to agree.
                while stopped.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
                    look(&service, &folder);
                    if let Some(tls) = &mut tls {
                        tls.look(service.live_status.problems(), service.guard.now().utc_ms);
                    }
                }
            })?;
        Ok(Self {
            running: Some(running),
            thread: Some(thread),
        })
    }
}

impl Drop for HealthWatch {
    fn drop(&mut self) {
        self.running = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that looks for problems ended with a panic");
        }
    }
}

fn look(service: &Service, folder: &Path) {
    watch::note(service);
    service
        .live_status
        .folder_seen(folder, folder_is_private(folder));
    let runs = service.clerk_handle.check_health();
    service.live_status.clerk_asked(runs);
    // A folder that cannot be asked is one that cannot be written, which the next transaction finds.
    if let Ok(disk) = statvfs(folder) {
        let block = u128::from(disk.fragment_size());
        let [free, size] = [disk.blocks_available(), disk.blocks()]
            .map(|blocks| u128::from(blocks).saturating_mul(block));
        service.live_status.disk_measured(free, size);
    }
}
