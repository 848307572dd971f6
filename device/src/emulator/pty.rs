//! A raw pseudo-terminal whose slave is linked at the path that a host opens.

use std::fs::{File, Metadata};
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::openpty;
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};
use nix::unistd::ttyname;

/// The printer's end of the line. Dropping this value closes the line and removes the link.
#[derive(Debug)]
pub(super) struct Pty {
    master: File,
    // The slave is kept open: a master without any open slave reads EIO, and the pty stays raw only while it is open.
    slave: OwnedFd,
    slave_path: PathBuf,
    link: PathBuf,
}

impl Pty {
    /// Makes a pty and links its slave at `link`. Only a link that a killed printer has left is replaced: a symbolic link to a pty that
    /// does not exist any more. The link of a running printer, a file, a device node, or a link to anything else is an error.
    pub(super) fn open(link: &Path) -> io::Result<Self> {
        let mut new = link.as_os_str().to_owned();
        new.push(".new");
        let new = PathBuf::from(new);
        refuse_other_than_left_link(link)?;
        refuse_other_than_left_link(&new)?;
        let pair = openpty(None, None)?;
        // Raw mode is set before the first byte: in cooked mode a terminal consumes 03, 04, 11, 13, 15 and 16, which the
        // protocols use.
        let mut modes = tcgetattr(&pair.slave)?;
        cfmakeraw(&mut modes);
        tcsetattr(&pair.slave, SetArg::TCSANOW, &modes)?;
        let slave_path = ttyname(&pair.slave)?;
        match std::fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        std::os::unix::fs::symlink(&slave_path, &new)?;
        std::fs::rename(&new, link)?;
        Ok(Self {
            master: File::from(pair.master),
            slave: pair.slave,
            slave_path,
            link: link.to_owned(),
        })
    }

    /// Waits up to `timeout_ms` for bytes of the host.
    pub(super) fn read(&mut self, buffer: &mut [u8], timeout_ms: u16) -> io::Result<usize> {
        let mut waiting = [PollFd::new(self.master.as_fd(), PollFlags::POLLIN)];
        match poll(&mut waiting, PollTimeout::from(timeout_ms)) {
            Ok(0) | Err(nix::errno::Errno::EINTR) => {
                // A host that was killed leaves its exclusive mode set, because this end stays open: the mode is reset here. A
                // running host keeps other programs out by its lock on the file.
                rustix::termios::ioctl_tiocnxcl(&self.slave)?;
                Ok(0)
            }
            Ok(_) => self.master.read(buffer),
            Err(error) => Err(error.into()),
        }
    }

    /// Sends bytes to the host.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.master.write_all(bytes)
    }
}

/// Refuses a path at which there is something else than a link that a killed printer has left.
fn refuse_other_than_left_link(path: &Path) -> io::Result<()> {
    let link = match std::fs::symlink_metadata(path) {
        Ok(link) => link,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let refused = |why| {
        let message = format!("{} {why}, and is not replaced", path.display());
        Err(io::Error::new(io::ErrorKind::AlreadyExists, message))
    };
    match std::fs::read_link(path) {
        Ok(target) if target.starts_with(PTYS) => {}
        _ => return refused("is not the link of an emulated printer"),
    }
    // A slave ends with its master. A slave that was made after the link belongs to another program, which got the same number.
    let changed = |of: &Metadata| (of.ctime(), of.ctime_nsec());
    match std::fs::metadata(path) {
        Ok(slave) if changed(&slave) <= changed(&link) => {
            refused("is the link of an emulated printer that runs")
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The folder of the slaves of pseudo-terminals.
const PTYS: &str = "/dev/pts";

impl Drop for Pty {
    fn drop(&mut self) {
        // Another program or a person may have replaced the link meanwhile.
        if std::fs::read_link(&self.link).is_ok_and(|target| target == self.slave_path) {
            let _ = std::fs::remove_file(&self.link);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::os::unix::fs::symlink;

    use super::Pty;

    #[test]
    fn only_the_link_of_a_printer_that_runs_no_more_is_replaced() {
        let name = format!("ferrotill-link-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let link = folder.join("printer");
        let refused = || {
            let error = Pty::open(&link).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
            error.to_string()
        };
        let running = Pty::open(&link).unwrap();
        assert!(refused().contains("is the link of an emulated printer that runs"));
        assert_eq!(std::fs::read_link(&link).unwrap(), running.slave_path);
        drop(running);
        assert!(!link.exists());

        // The pty of a killed printer is gone.
        symlink("/dev/pts/4000000", &link).unwrap();
        drop(Pty::open(&link).unwrap());

        // Another program got the number of the pty of a killed printer, after the link was made.
        let number = folder.join("number");
        let first = Pty::open(&number).unwrap();
        let slave = first.slave_path.clone();
        symlink(&slave, &link).unwrap();
        // The times of files have the precision of the system's clock ticks.
        let made = std::time::SystemTime::now();
        while made.elapsed().unwrap().as_millis() < 20 {}
        drop(first);
        let mut others = Vec::new();
        while others.len() < 100 {
            let name = folder.join(others.len().to_string());
            others.push(Pty::open(&name).unwrap());
            if others.iter().any(|other: &Pty| other.slave_path == slave) {
                break;
            }
        }
        drop(Pty::open(&link).unwrap());
        drop(others);

        std::fs::write(&link, "a file").unwrap();
        assert!(refused().contains("is not the link of an emulated printer"));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
