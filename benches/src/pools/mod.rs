//! The pools, one file per tool, and the scenes that all of them play.
//!
//! All lend the same [`Resource`], which does next to nothing, is made at once unless a scene says otherwise, and is not
//! checked when it is lent. A tool is a table of functions; one process plays the scenes of one tool, so what is counted
//! beside a pool is counted in statics.

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub mod bare;
pub mod bb8;
pub mod deadpool;
pub mod mobc;
pub mod perfkit;
pub mod r2d2;
pub mod scenes;
pub mod threads;

/// Every tool.
pub const ALL: [Tool; 7] = [
    bare::TOOL,
    perfkit::TOOL,
    deadpool::TIMED,
    deadpool::UNTIMED,
    bb8::TOOL,
    mobc::TOOL,
    r2d2::TOOL,
];

/// How long somebody waits for a resource: the usual time of most tools.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// What is lent.
#[derive(Debug, Default)]
pub struct Resource([u64; 8]);

impl Resource {
    /// Uses it.
    #[inline]
    pub fn touch(&mut self) {
        self.0[0] = std::hint::black_box(self.0[0] + 1);
    }
}

/// What goes wrong.
#[derive(Debug)]
pub enum Failed {
    /// There is nobody to connect to.
    Down,
    /// perfkit's pool has none.
    Rejected(::perfkit::Rejected),
}

impl From<::perfkit::Rejected> for Failed {
    fn from(rejected: ::perfkit::Rejected) -> Self {
        Self::Rejected(rejected)
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Failed {}

/// What the resources of this process are connected to.
pub struct Backend {
    /// Attempts to connect.
    attempts: AtomicUsize,
    /// How long one takes, in milliseconds.
    takes: AtomicU64,
    is_down: AtomicBool,
}

/// See [`Backend`].
pub static BACKEND: Backend = Backend {
    attempts: AtomicUsize::new(0),
    takes: AtomicU64::new(0),
    is_down: AtomicBool::new(false),
};

impl Backend {
    /// A new resource.
    ///
    /// # Errors
    ///
    /// When it is down.
    pub async fn connect(&self) -> Result<Resource, Failed> {
        self.attempts.fetch_add(1, Relaxed);
        match self.takes.load(Relaxed) {
            0 => {}
            takes => tokio::time::sleep(Duration::from_millis(takes)).await,
        }
        self.answer()
    }

    /// The same for a thread; takes no time.
    ///
    /// # Errors
    ///
    /// When it is down.
    pub fn connect_blocking(&self) -> Result<Resource, Failed> {
        self.attempts.fetch_add(1, Relaxed);
        self.answer()
    }

    fn answer(&self) -> Result<Resource, Failed> {
        if self.is_down.load(Relaxed) {
            return Err(Failed::Down);
        }
        Ok(Resource::default())
    }

    /// Attempts since the last time this was asked.
    pub fn attempts(&self) -> usize {
        self.attempts.swap(0, Relaxed)
    }

    /// From now on connecting takes so long, and fails or not.
    pub fn set(&self, takes: u64, is_down: bool) {
        self.takes.store(takes, Relaxed);
        self.is_down.store(is_down, Relaxed);
    }
}

/// How many resources there are at the start, and may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// At the start, idle; a tool that keeps a lowest number keeps these.
    pub idle: usize,
    /// At most.
    pub max: usize,
}

/// A pool that tasks wait for.
pub trait Pool: Sized + Send + Sync + 'static {
    /// A pool with its idle resources.
    fn start(room: Room) -> impl Future<Output = Self> + Send;

    /// Acquires a resource, uses it, gives it back when `held` is ready. False when there was none to be had.
    fn lend(&self, held: impl Future<Output = ()> + Send) -> impl Future<Output = bool> + Send;
}

/// A pool that threads wait for.
pub trait Blocking: Sized + Send + Sync + 'static {
    /// A pool with its idle resources.
    fn start(room: Room) -> Self;

    /// Acquires a resource, uses it, gives it back when `held` has returned.
    fn lend(&self, held: impl FnOnce());
}

/// What the scenes are played in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Where {
    /// tokio's runtime of one thread.
    CurrentThread,
    /// tokio's with two workers.
    TwoWorkers,
    /// Threads.
    Threads,
}

/// What is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Scene {
    /// One caller, eight resources: a resource and back.
    Lone,
    /// 64 callers of eight resources, each held while others run.
    Few,
    /// 1,000 callers of fifty resources.
    Many,
    /// Fifty callers come at once where five resources are idle and there may be fifty.
    Spike,
    /// Callers who try again at once; nothing can be made.
    Dead,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Figures {
    /// Nanoseconds for a resource and back, and for the baseline beside it.
    Cost(f64, f64),
    /// See [`Crowd`].
    Crowd(Crowd),
    /// Resources that were made, and the milliseconds until all had been served.
    Made(usize, f64),
    /// Attempts in a second.
    Attempts(f64),
}

/// What many callers met.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Crowd {
    /// Resources lent in a second.
    pub per_second: f64,
    /// Microseconds of waiting.
    pub p50: f64,
    /// The same of the slowest hundredth.
    pub p99: f64,
    /// When the last caller had done his part, over when the first had.
    pub spread: f64,
}

/// One scene of one tool.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Played {
    /// The tool's name.
    pub tool: String,
    /// Where it was played.
    pub at: Where,
    /// The scene.
    pub scene: Scene,
    /// What came of it.
    pub figures: Figures,
}

/// A tool.
pub struct Tool {
    /// Its name.
    pub name: &'static str,
    /// Plays a scene; `None` where it cannot take part.
    pub play: fn(Where, Scene, calls: u64) -> Option<Figures>,
}
