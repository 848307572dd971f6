//! Looks once a second at what no document would show: the disk, the clerk, the clock, the offline limits and the shifts.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::statvfs::statvfs;
use tokio::time::MissedTickBehavior;

use ferrotill_store::folder_is_private;

use super::audit::DailyAudit;
use super::caller_tls::CallerTls;
use super::service_manager::Watchdog;
use crate::api::own::watch;
use crate::api::service::Service;

/// The pause between two looks. What is found must be in `/healthz` within two seconds.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const _: () = assert!(LOOK_EVERY.as_millis() < 2_000, "docs/api/own.md");

/// Looks for problems until the future is dropped.
///
/// A look asks neither the store nor a disk, so that it can share the thread that serves connections: the system answers for a
/// mounted disk from memory.
pub(super) async fn look_for_problems(
    service: Arc<Service>,
    folder: PathBuf,
    (mut tls, mut audit): (Option<CallerTls>, Option<DailyAudit>),
) {
    let mut watchdog = Watchdog::new();
    let mut looks = tokio::time::interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick comes at once. The first look comes after the printers had time to connect and the clocks to agree.
    looks.tick().await;
    loop {
        looks.tick().await;
        look(&service, &folder);
        watchdog.look(&service.live_status);
        if let Some(audit) = &mut audit {
            audit.look(&service);
        }
        if let Some(tls) = &mut tls {
            tls.look(service.live_status.problems(), service.guard.now().utc_ms);
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
