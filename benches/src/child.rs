//! This program run again, as the process of one tool: it answers one line of JSON to every line it is sent.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{self, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, io, thread};

use serde::{Deserialize, Serialize};

/// Names the task to the child, and marks its answers among what a tool may print.
const MARK: &str = "PERFKIT_BENCH_CHILD";

/// What this process was started to do, when [`Child::start`] started it.
#[must_use]
pub fn task() -> Option<String> {
    env::var(MARK).ok()
}

/// Answers every line of the parent, until there are no more; ends the process without a tool's report at exit.
///
/// # Panics
///
/// When the parent cannot be talked to.
pub fn serve<T: Serialize>(mut answer: impl FnMut() -> T) -> ! {
    for line in io::stdin().lines() {
        line.expect("the parent sends text");
        let text = serde_json::to_string(&answer()).expect("answers are plain values");
        println!("\n{MARK}{text}");
    }
    process::exit(0)
}

/// Why a process gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// Its time was over.
    Hung,
    /// It ended without one.
    Died,
}

fn this_program(task: &str) -> Command {
    let program = env::current_exe().expect("a running program has a path");
    let mut command = Command::new(program);
    command
        .args(env::args_os().skip(1))
        .env(MARK, task)
        .env("HOTPATH_METRICS_SERVER_OFF", "1") // no idle thread and no port unless a bench asks for it
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

/// A process that measures. Dropping it ends it.
pub struct Child {
    process: process::Child,
    ask: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Child {
    /// Starts this program again, with the same arguments.
    ///
    /// # Panics
    ///
    /// When the system does not let it.
    #[must_use]
    pub fn start(task: &str, environment: &[(&str, String)]) -> Self {
        let mut process = this_program(task)
            .envs(environment.iter().map(|(name, value)| (*name, value)))
            .spawn()
            .expect("this program can be run again");
        Self {
            ask: process.stdin.take(),
            answers: BufReader::new(process.stdout.take().expect("its output is a pipe")),
            process,
        }
    }

    /// Starts this program again for one answer, and ends it when it has given none within `limit`. What it writes
    /// to standard error, words of a panic that is expected, is thrown away.
    ///
    /// # Errors
    ///
    /// When there was no answer.
    ///
    /// # Panics
    ///
    /// When the system does not let it.
    pub fn once<T: for<'de> Deserialize<'de>>(task: &str, limit: Duration) -> Result<T, Silence> {
        const TICK: Duration = Duration::from_millis(5);
        let mut process = this_program(task)
            .stderr(Stdio::null())
            .spawn()
            .expect("this program can be run again");
        let mut ask = process.stdin.take().expect("its input is a pipe");
        let _ = writeln!(ask, "go"); // it may have died already
        drop(ask);
        let output = process.stdout.take().expect("its output is a pipe");
        let reader = thread::spawn(move || io::read_to_string(output).unwrap_or_default());
        let start = Instant::now();
        while process.try_wait().expect("it is a child").is_none() {
            if start.elapsed() > limit {
                let _ = process.kill();
                let _ = process.wait();
                return Err(Silence::Hung);
            }
            thread::sleep(TICK);
        }
        let text = reader.join().expect("reading does not panic");
        let answer = text.lines().find_map(|line| line.strip_prefix(MARK));
        let answer = answer.ok_or(Silence::Died)?;
        Ok(serde_json::from_str(answer).expect("it answers what it is asked"))
    }

    /// Lets it measure once.
    ///
    /// # Panics
    ///
    /// When it fails: a bench with a tool missing would not be the comparison it says it is.
    #[must_use]
    pub fn ask<T: for<'de> Deserialize<'de>>(&mut self) -> T {
        let ask = self.ask.as_mut().expect("open until dropped");
        writeln!(ask, "go").expect("the measuring process listens");
        let mut line = String::new();
        loop {
            line.clear();
            let read = self
                .answers
                .read_line(&mut line)
                .expect("it answers with text");
            assert!(read > 0, "the measuring process ended without an answer");
            if let Some(text) = line.strip_prefix(MARK) {
                return serde_json::from_str(text).expect("it answers what it is asked");
            }
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.ask = None; // the end of its input is the end of it
        let _ = self.process.wait();
    }
}
