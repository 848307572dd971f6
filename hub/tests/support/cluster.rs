//! A PostgreSQL cluster in a temporary folder, on a socket in this folder, run by a user without rights.

use std::fs::{File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid, User};
use tempfile::TempDir;

/// A running cluster.
pub(crate) struct Cluster {
    folder: TempDir,
    bin: PathBuf,
    user: Option<User>,
    postmaster: Mutex<Option<Child>>,
    databases: AtomicU32,
    port: String,
}

static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());

impl Cluster {
    /// The cluster that the tests of this program share; `None` where there is no PostgreSQL, and then a line says so.
    pub(crate) fn shared() -> Option<Arc<Self>> {
        let mut shared = SHARED.lock().unwrap();
        if let Some(cluster) = shared.upgrade() {
            return Some(cluster);
        }
        let cluster = Arc::new(Self::with("fsync = off\nlisten_addresses = ''\n", &[])?);
        *shared = Arc::downgrade(&cluster);
        Some(cluster)
    }

    /// A new cluster that is as careful as one in earnest.
    pub(crate) fn start() -> Option<Self> {
        Self::with("listen_addresses = ''\n", &[])
    }

    /// A new cluster with these settings, and these files in its folder.
    pub(crate) fn with(more_settings: &str, files: &[(&str, String)]) -> Option<Self> {
        let Some(bin) = programs() else {
            eprintln!(
                "SKIPPED: PostgreSQL is not installed here (Debian: apt-get install postgresql), so nothing was tested with a database."
            );
            return None;
        };
        let user = if Uid::effective().is_root() {
            let known = ["postgres", "nobody"].into_iter();
            let found = known
                .filter_map(|name| User::from_name(name).ok().flatten())
                .next();
            if found.is_none() {
                eprintln!(
                    "SKIPPED: PostgreSQL does not run as root, and there is no other user here."
                );
                return None;
            }
            found
        } else {
            None
        };
        let folder = tempfile::Builder::new()
            .prefix("hub-pg-")
            .tempdir_in("/tmp")
            .unwrap();
        if let Some(user) = &user {
            chown(
                folder.path(),
                Some(user.uid.as_raw()),
                Some(user.gid.as_raw()),
            )
            .unwrap();
        }
        let cluster = Self {
            folder,
            bin,
            user,
            postmaster: Mutex::new(None),
            databases: AtomicU32::new(0),
            port: more_settings
                .lines()
                .find_map(|line| line.strip_prefix("port = "))
                .unwrap_or("5432")
                .to_owned(),
        };
        let made = cluster
            .command("initdb")
            .args([
                "-A",
                "trust",
                "-U",
                "hub",
                "-E",
                "UTF8",
                "--locale",
                "C",
                "--no-sync",
                "-D",
            ])
            .arg(cluster.data())
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(made.success(), "initdb");
        let mut settings = File::options()
            .append(true)
            .open(cluster.data().join("postgresql.conf"))
            .unwrap();
        let socket = cluster.folder.path().display();
        write!(
            settings,
            "unix_socket_directories = '{socket}'\nmax_connections = 100\nmax_wal_size = '1GB'\n\
             checkpoint_timeout = '20min'\nshared_buffers = '512MB'\n"
        )
        .unwrap();
        settings.write_all(more_settings.as_bytes()).unwrap();
        for (name, text) in files {
            let path = cluster.data().join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            if let Some(user) = &cluster.user {
                chown(&path, Some(user.uid.as_raw()), Some(user.gid.as_raw())).unwrap();
            }
        }
        cluster.go();
        Some(cluster)
    }

    /// Starts the postmaster, again and again until it runs: after a kill the old processes need a moment to end.
    pub(crate) fn go(&self) {
        let deadline = Instant::now() + Duration::from_secs(120);
        loop {
            let log = File::options()
                .create(true)
                .append(true)
                .open(self.folder.path().join("log"))
                .unwrap();
            let mut child = self
                .command("postgres")
                .arg("-D")
                .arg(self.data())
                .stderr(log)
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            while child.try_wait().unwrap().is_none() {
                let answers = self
                    .command("psql")
                    .args([
                        "-U", "hub", "-d", "postgres", "-qAtc", "SELECT 1", "-p", &self.port, "-h",
                    ])
                    .arg(self.folder.path())
                    .stderr(Stdio::null())
                    .output()
                    .unwrap();
                if answers.status.success() {
                    *self.postmaster.lock().unwrap() = Some(child);
                    return;
                }
                assert!(Instant::now() < deadline, "PostgreSQL does not start");
                sleep(Duration::from_millis(50));
            }
            sleep(Duration::from_millis(100));
        }
    }

    /// Kills the postmaster, as a power cut does; its processes end without finishing anything.
    pub(crate) fn kill(&self) {
        self.signal(Signal::SIGKILL);
    }

    /// Stops the database at once, without a checkpoint and without an end of its transactions.
    pub(crate) fn stop_at_once(&self) {
        self.signal(Signal::SIGQUIT);
    }

    fn signal(&self, signal: Signal) {
        if let Some(mut child) = self.postmaster.lock().unwrap().take() {
            let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
            kill(pid, signal).unwrap();
            child.wait().unwrap();
        }
    }

    /// The database in the form of a configuration. It is new and empty.
    pub(crate) fn database(&self) -> String {
        let name = format!("t{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.psql("postgres", &format!("CREATE DATABASE {name}"));
        format!(
            "host={} user=hub dbname={name}",
            self.folder.path().display()
        )
    }

    /// Runs SQL in a database of a URL or a name; its rows without any form.
    pub(crate) fn psql(&self, database: &str, sql: &str) -> String {
        let name = database.rsplit("dbname=").next().unwrap();
        let output = self
            .command("psql")
            .args([
                "-U",
                "hub",
                "-d",
                name,
                "-qAt",
                "-v",
                "ON_ERROR_STOP=1",
                "-c",
                sql,
                "-p",
                &self.port,
                "-h",
            ])
            .arg(self.folder.path())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{sql}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        command.current_dir(self.folder.path());
        if let Some(user) = &self.user {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.signal(Signal::SIGQUIT);
    }
}

/// The folder of PostgreSQL's programs: the newest of Debian's, or that of `initdb` in the path.
fn programs() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").exists() && bin.join("psql").exists())
        .collect();
    found.sort();
    found.pop().or_else(|| {
        let path = std::env::var("PATH").ok()?;
        let mut folders = path.split(':').map(Path::new);
        let bin = folders.find(|folder| folder.join("initdb").exists())?;
        Some(bin.to_owned())
    })
}
