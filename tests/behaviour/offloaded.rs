//! `#[offloaded]`: bodies that keep a processor busy, awaited.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use perfkit::{Reason, Rejected, offloaded};

#[tokio::test]
async fn the_body_runs_on_a_thread_of_its_own() {
    #[offloaded]
    fn elsewhere(n: u64) -> (u64, thread::ThreadId) {
        (n * 2, thread::current().id())
    }
    let (answer, there) = elsewhere(21).await;
    assert_eq!(answer, 42);
    assert_ne!(there, thread::current().id());
    assert_eq!(elsewhere_workers().stats().ok, 1);
}

#[derive(Debug, PartialEq)]
enum HashError {
    Empty,
    Rejected(Reason),
}

impl From<Rejected> for HashError {
    fn from(rejected: Rejected) -> Self {
        Self::Rejected(rejected.reason())
    }
}

#[tokio::test]
async fn an_error_is_the_users_own() {
    #[offloaded(name = "offloaded: errors", threads = 1)]
    fn hash(bytes: Vec<u8>) -> Result<u64, HashError> {
        if bytes.is_empty() {
            return Err(HashError::Empty);
        }
        Ok(bytes.iter().map(|byte| u64::from(*byte)).sum())
    }
    assert_eq!(hash(vec![1, 2]).await, Ok(3));
    assert_eq!(hash(Vec::new()).await, Err(HashError::Empty));
    assert_eq!(hash_workers().shutdown(Duration::from_secs(1)).await, 0);
    assert_eq!(
        hash(vec![1]).await,
        Err(HashError::Rejected(Reason::ShutDown))
    );
    let report = perfkit::report();
    let row = report
        .find("workers", "offloaded: errors")
        .expect("it has a row");
    assert_eq!(row.count("calls"), Some(3));
    assert_eq!(row.part("outcomes", "error"), Some(1));
    assert_eq!(row.part("outcomes", "rejected"), Some(1));
    report.verify().expect("the books balance");
}

#[tokio::test]
async fn a_panic_reaches_its_caller_only() {
    #[offloaded(threads = 1)]
    fn picky(n: u64) -> u64 {
        assert!(n != 3, "three");
        n
    }
    let panic = tokio::spawn(picky(3)).await.unwrap_err().into_panic();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"three"));
    assert_eq!(picky(4).await, 4);
}

struct Model(u64);

impl Model {
    #[offloaded]
    fn run(self: Arc<Self>, (a, b): (u64, u64)) -> u64 {
        self.0 + a + b
    }

    #[offloaded]
    pub(crate) fn generic<T: Into<u64> + Send + 'static>(value: T) -> u64 {
        value.into()
    }
}

#[tokio::test]
async fn methods_and_generic_functions_are_offloaded() {
    assert_eq!(Arc::new(Model(1)).run((2, 3)).await, 6);
    assert_eq!(Model::generic(7_u8).await, 7);
}

#[tokio::test]
async fn other_attributes_see_an_async_function() {
    #[perfkit::timeout("10s")]
    #[offloaded]
    fn slow(n: u64) -> Result<u64, std::io::Error> {
        Ok(n)
    }
    assert_eq!(slow(1).await.unwrap(), 1);
}
