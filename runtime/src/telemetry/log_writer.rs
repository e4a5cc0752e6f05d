//! Where log lines go: gathered while the last ones are being written, and written together.
//!
//! A line for each request must not cost a system call for each request. A line waits a few milliseconds at most; only a
//! process that is killed loses those. A queue that drops lines when it is full was rejected: a log that may lie is none.

use std::io::Write;
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// For how long lines are gathered after some were written.
const GATHER: Duration = Duration::from_millis(5);
/// When more than this waits, whoever has something to say must wait, too.
const MOST_BYTES: usize = 4 << 20;

static WRITER: OnceLock<LogWriter> = OnceLock::new();

#[derive(Default)]
struct LogWriter {
    waiting: Mutex<Vec<u8>>,
    first: Condvar,
    /// Held while writing, so that lines keep their order.
    turn: Mutex<()>,
}

/// Writes `line` to standard error, soon.
pub(crate) fn write(line: &str) {
    let writer = WRITER.get_or_init(|| {
        // Without a thread, lines wait until there are many, or the end.
        let _started = std::thread::Builder::new().name("log".to_owned()).spawn(|| WRITER.wait().write_for_ever());
        LogWriter::default()
    });
    if writer.put(line.as_bytes()) > MOST_BYTES {
        writer.flush();
    }
}

/// Writes all that waits, before the process ends.
pub fn flush() {
    if let Some(writer) = WRITER.get() {
        writer.flush();
    }
}

impl LogWriter {
    /// How many bytes wait now.
    fn put(&self, line: &[u8]) -> usize {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.is_empty() {
            self.first.notify_one();
        }
        waiting.extend_from_slice(line);
        waiting.len()
    }

    fn write_for_ever(&self) {
        loop {
            let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            drop(self.first.wait_while(waiting, |waiting| waiting.is_empty()));
            self.flush();
            std::thread::sleep(GATHER);
        }
    }

    fn flush(&self) {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        // A log that cannot be written has nowhere to complain to.
        let _written = std::io::stderr().lock().write_all(&lines);
    }
}
