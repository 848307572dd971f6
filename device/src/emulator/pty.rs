//! A raw pseudo-terminal whose slave is linked at the path that a host opens.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
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
    /// Makes a pty and links its slave at `link`. Only the link of an emulated printer is replaced: a symbolic link to a pty, as a
    /// printer that was killed leaves it. A file, a device node, or a link to anything else is an error.
    pub(super) fn open(link: &Path) -> io::Result<Self> {
        let mut new = link.as_os_str().to_owned();
        new.push(".new");
        let new = PathBuf::from(new);
        refuse_other_than_link(link)?;
        refuse_other_than_link(&new)?;
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

/// Refuses a path at which there is something else than the link of an emulated printer.
fn refuse_other_than_link(path: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    }
    match std::fs::read_link(path) {
        Ok(target) if target.starts_with(PTYS) => Ok(()),
        _ => Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            format!(
                "{} is not the link of an emulated printer, and is not replaced",
                path.display()
            ),
        )),
    }
}

/// The folder of the slaves of pseudo-terminals.
const PTYS: &str = "/dev/pts";

impl Drop for Pty {
    fn drop(&mut self) {
        // Another printer may have taken the link over meanwhile.
        if std::fs::read_link(&self.link).is_ok_and(|target| target == self.slave_path) {
            let _ = std::fs::remove_file(&self.link);
        }
    }
}
