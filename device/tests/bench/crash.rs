//! A host that stops after a number of frames.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use ferrotill_device::driver::isl::IslPrinter;
use ferrotill_device::emulator::IslEmulator;
use ferrotill_device::family::Protocol;
use ferrotill_device::port::loopback::Loopback;
use ferrotill_device::port::{Port, PortOpener};

use super::Bench;

/// A port that stops with its process: after this number of frames the host sends and receives nothing any more.
struct CrashOpener {
    line: Loopback<IslEmulator>,
    frames_left: Arc<AtomicUsize>,
    last_frame_arrives: bool,
}

struct CrashPort {
    port: Box<dyn Port>,
    frames_left: Arc<AtomicUsize>,
    last_frame_arrives: bool,
}

impl PortOpener for CrashOpener {
    fn open(&mut self) -> io::Result<Box<dyn Port>> {
        if self.frames_left.load(Relaxed) == 0 {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(Box::new(CrashPort {
            port: self.line.open()?,
            frames_left: Arc::clone(&self.frames_left),
            last_frame_arrives: self.last_frame_arrives,
        }))
    }

    fn address(&self) -> String {
        "crash".to_owned()
    }
}

impl Port for CrashPort {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.frames_left.load(Relaxed) == 0 {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if self.frames_left.fetch_sub(1, Relaxed) > 1 {
            return self.port.write_all(bytes);
        }
        if self.last_frame_arrives {
            self.port.write_all(bytes)?;
        }
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn read(&mut self, buffer: &mut [u8], timeout_ms: u64) -> io::Result<usize> {
        self.port.read(buffer, timeout_ms)
    }

    fn now(&self) -> u64 {
        self.port.now()
    }
}

/// A driver whose process stops after this number of frames.
pub fn crashing_driver(
    bench: &Bench,
    family: &'static Protocol,
    frames: usize,
    last_frame_arrives: bool,
) -> (IslPrinter, Arc<AtomicUsize>) {
    let frames_left = Arc::new(AtomicUsize::new(frames));
    let opener = CrashOpener {
        line: bench.line.clone(),
        frames_left: Arc::clone(&frames_left),
        last_frame_arrives,
    };
    (IslPrinter::new(family, Box::new(opener), 3), frames_left)
}
