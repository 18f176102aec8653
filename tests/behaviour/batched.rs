//! `#[batched]`: callers pass one item and get its answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use perfkit::{Batcher, Reason, Rejected, batched, rejection};
use tokio::task::JoinSet;
#[cfg(feature = "tokio")]
use tokio::time;

type Seen = Mutex<Vec<Vec<u64>>>;

fn see(seen: &Seen, items: &[u64]) {
    seen.lock().unwrap().push(items.to_vec());
}

#[tokio::test]
async fn a_caller_hands_in_one_item_and_gets_its_answer() {
    #[batched]
    async fn double(numbers: Vec<u64>) -> Vec<u64> {
        numbers.into_iter().map(|n| n * 2).collect()
    }
    assert_eq!(double(7).await, 14);
    assert_eq!(double_batcher().many([1, 2, 3]).await, [2, 4, 6]);
    let stats = double_batcher().stats();
    assert_eq!((stats.items, stats.batches), (4, 2));
}

#[cfg(feature = "tokio")] // its time is paused
#[tokio::test(start_paused = true)]
async fn a_lone_caller_waits_for_no_timer() {
    #[batched]
    async fn lone(numbers: Vec<u64>) -> Vec<u64> {
        numbers
    }
    let before = time::Instant::now();
    assert_eq!(lone(1).await, 1);
    assert_eq!(before.elapsed(), Duration::ZERO);
}

#[cfg(feature = "tokio")] // its time is paused
#[tokio::test(start_paused = true)]
async fn callers_within_the_window_are_one_batch() {
    static SEEN: Seen = Mutex::new(Vec::new());
    #[batched(linger = "100ms", max_size = 3)]
    async fn windowed(mut numbers: Vec<u64>) -> Vec<u64> {
        see(&SEEN, &numbers);
        for number in &mut numbers {
            *number += 1;
        }
        numbers
    }
    let mut calls = JoinSet::new();
    for (item, at) in [(0, 0), (1, 50), (2, 120), (3, 130), (4, 140)] {
        calls.spawn(async move {
            time::sleep(Duration::from_millis(at)).await;
            assert_eq!(windowed(item).await, item + 1);
        });
    }
    calls.join_all().await;
    assert_eq!(*SEEN.lock().unwrap(), [vec![0, 1], vec![2, 3, 4]]);
}

#[derive(Debug, Clone, PartialEq)]
enum LoadError {
    Down,
    Missing(u64),
    Rejected(Reason),
}

impl From<Rejected> for LoadError {
    fn from(rejected: Rejected) -> Self {
        Self::Rejected(rejected.reason())
    }
}

#[tokio::test]
async fn the_error_of_a_batch_is_that_of_each_caller() {
    #[batched]
    async fn down(numbers: Vec<u64>) -> Result<Vec<u64>, LoadError> {
        if numbers.contains(&0) {
            return Err(LoadError::Down);
        }
        Ok(numbers)
    }
    assert_eq!(down(1).await, Ok(1));
    let answers = down_batcher().many([0, 1]).await;
    assert_eq!(answers, [Err(LoadError::Down), Err(LoadError::Down)]);
}

#[tokio::test]
async fn an_error_that_is_not_clone_is_told_to_the_others() {
    #[batched]
    async fn told(numbers: Vec<u64>) -> std::io::Result<Vec<u64>> {
        drop(numbers);
        Err(std::io::Error::new(
            std::io::ErrorKind::NotFound,
            "no such shard",
        ))
    }
    for answer in told_batcher().many([0, 1]).await {
        let error = answer.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
        assert!(error.to_string().contains("no such shard"), "{error}");
    }
}

#[tokio::test]
async fn each_item_may_fail_alone() {
    #[batched]
    async fn each(numbers: Vec<u64>) -> Vec<Result<u64, LoadError>> {
        let found = |n: u64| {
            if n == 2 {
                Err(LoadError::Missing(n))
            } else {
                Ok(n)
            }
        };
        numbers.into_iter().map(found).collect()
    }
    #[batched]
    async fn both(numbers: Vec<u64>) -> Result<Vec<Result<u64, LoadError>>, LoadError> {
        if numbers.contains(&9) {
            return Err(LoadError::Down);
        }
        Ok(numbers
            .into_iter()
            .map(|n| {
                if n == 2 {
                    Err(LoadError::Missing(n))
                } else {
                    Ok(n)
                }
            })
            .collect())
    }
    let expected = [Ok(1), Err(LoadError::Missing(2)), Ok(3)];
    assert_eq!(each_batcher().many([1, 2, 3]).await, expected);
    assert_eq!(both_batcher().many([1, 2, 3]).await, expected);
    assert_eq!(both(9).await, Err(LoadError::Down));
}

#[tokio::test]
async fn a_map_answers_by_item() {
    #[batched]
    async fn names(ids: Vec<u64>) -> Result<HashMap<u64, String>, LoadError> {
        Ok(ids
            .into_iter()
            .filter(|id| *id < 3)
            .map(|id| (id, format!("user {id}")))
            .collect())
    }
    assert_eq!(names(1).await, Ok(Some("user 1".to_owned())));
    assert_eq!(names(3).await, Ok(None));
}

#[tokio::test]
async fn a_wrong_number_of_answers_is_nobodys() {
    #[batched]
    async fn short(mut numbers: Vec<u64>) -> Result<Vec<u64>, anyhow::Error> {
        numbers.pop();
        Ok(numbers)
    }
    for answer in short_batcher().many([1, 2]).await {
        let error = answer.unwrap_err();
        let rejected = rejection(&error).expect("it carries the rejection");
        assert_eq!(rejected.reason(), Reason::BatchLost);
        assert!(
            error
                .to_string()
                .ends_with("gave 1 answers for 2 items, and nobody knows which are whose")
        );
    }
}

#[tokio::test]
async fn without_a_place_for_an_error_a_wrong_number_of_answers_is_a_panic() {
    #[batched]
    async fn short(mut numbers: Vec<u64>) -> Vec<u64> {
        numbers.pop();
        numbers
    }
    let panic = tokio::spawn(short(1)).await.unwrap_err().into_panic();
    let text = panic.downcast::<String>().unwrap();
    assert!(
        text.ends_with("gave 0 answers for 1 items, and nobody knows which are whose"),
        "{text}"
    );
}

#[tokio::test]
async fn a_panic_of_a_batch_reaches_its_callers_only() {
    #[batched(linger = "1h", max_size = 3)]
    async fn odd(numbers: Vec<u64>) -> Vec<u64> {
        assert!(!numbers.contains(&3), "three");
        numbers
    }
    let mut calls = JoinSet::new();
    for item in 3..6 {
        calls.spawn(odd(item));
    }
    while let Some(ended) = calls.join_next().await {
        let panic = ended.unwrap_err().into_panic();
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        assert_eq!(text.as_deref(), Some("three"));
    }
    assert_eq!(odd_batcher().many([4, 5, 6]).await, [4, 5, 6]);
}

/// A call that nobody else is in a batch with.
async fn flushed<I, A, K, O>(call: impl Future<Output = O>, batcher: Batcher<I, A, K>) -> O {
    let flush = async {
        // The others of a `join!` come by first.
        tokio::task::yield_now().await;
        batcher.flush().await;
    };
    tokio::join!(call, flush).0
}

#[tokio::test]
async fn other_arguments_keep_items_apart() {
    // Two that meet are a batch, and one that is alone is flushed.
    #[batched(linger = "1h", max_size = 2)]
    async fn rows(tenant: &'static str, ids: Vec<u64>, limit: Option<u8>) -> Vec<String> {
        let all = ids.len();
        ids.into_iter()
            .map(|id| format!("{tenant} {id} {limit:?} of {all}"))
            .collect()
    }
    let (a, c, b) = tokio::join!(
        rows("a", 1, None),
        rows("a", 3, None),
        flushed(rows("b", 2, None), rows_batcher()),
    );
    assert_eq!(
        [a, b, c],
        ["a 1 None of 2", "b 2 None of 1", "a 3 None of 2"]
    );
    let many = rows_batcher().many_in(("c", Some(1)), [1, 2]).await;
    assert_eq!(many, ["c 1 Some(1) of 2", "c 2 Some(1) of 2"]);
}

#[tokio::test]
async fn equal_items_are_one_where_it_is_said() {
    static SEEN: Seen = Mutex::new(Vec::new());
    #[batched(dedupe)]
    async fn once(ids: Vec<u64>) -> Vec<String> {
        see(&SEEN, &ids);
        ids.into_iter().map(|id| id.to_string()).collect()
    }
    assert_eq!(
        once_batcher().many([1, 2, 1, 1]).await,
        ["1", "2", "1", "1"]
    );
    assert_eq!(*SEEN.lock().unwrap(), [[1, 2]]);
    assert_eq!(once_batcher().stats().deduped, 2);
}

struct Repo {
    name: &'static str,
}

impl Repo {
    #[batched(linger = "1h", max_size = 2)]
    pub(crate) async fn shared(self: Arc<Self>, ids: Vec<u64>) -> Vec<String> {
        let all = ids.len();
        ids.into_iter()
            .map(|id| format!("{} {id} of {all}", self.name))
            .collect()
    }

    #[batched]
    async fn constant(&'static self, ids: Vec<u64>) -> Vec<String> {
        ids.into_iter()
            .map(|id| format!("{} {id}", self.name))
            .collect()
    }

    #[batched]
    pub(crate) async fn associated(ids: Vec<u64>) -> Vec<Self> {
        ids.into_iter().map(|_| Self { name: "made" }).collect()
    }
}

#[tokio::test]
async fn methods_are_batched_by_the_place_of_their_self() {
    static REPO: Repo = Repo { name: "static" };
    let (one, other) = (
        Arc::new(Repo { name: "one" }),
        Arc::new(Repo { name: "other" }),
    );
    let (a, c, b) = tokio::join!(
        one.clone().shared(1),
        one.shared(3),
        flushed(other.shared(2), Repo::shared_batcher()),
    );
    assert_eq!([a, b, c], ["one 1 of 2", "other 2 of 1", "one 3 of 2"]);
    assert_eq!(REPO.constant(7).await, "static 7");
    assert_eq!(Repo::associated(1).await.name, "made");
    assert_eq!(Repo::associated_batcher().many([1, 2]).await.len(), 2);
}

trait Source {
    async fn load(self: Arc<Self>, id: u64) -> u64;
}

impl Source for Repo {
    #[batched]
    async fn load(self: Arc<Self>, ids: Vec<u64>) -> Vec<u64> {
        ids.into_iter()
            .map(|id| id + self.name.len() as u64)
            .collect()
    }
}

#[tokio::test]
async fn the_method_of_a_trait_can_be_batched() {
    assert_eq!(Arc::new(Repo { name: "four" }).load(1).await, 5);
}

#[batched(linger = "1h", max_size = 2)]
async fn echoed<T: Clone + Send + Sync + 'static>(items: Vec<T>) -> Vec<(T, usize)> {
    let all = items.len();
    items.into_iter().map(|item| (item, all)).collect()
}

#[tokio::test]
async fn a_generic_function_has_batches_for_each_of_its_instances() {
    let (a, c, b) = tokio::join!(
        echoed(1_u8),
        echoed(3_u8),
        flushed(echoed("two"), echoed_batcher::<&str>()),
    );
    assert_eq!((a, b, c), ((1, 2), ("two", 1), (3, 2)));
    assert_eq!(echoed_batcher::<u8>().many([1, 2]).await, [(1, 2), (2, 2)]);
}

#[test]
fn threads_are_batched_by_a_function_that_blocks() {
    static SEEN: Seen = Mutex::new(Vec::new());
    #[batched]
    fn hashed(numbers: Vec<u64>) -> Vec<u64> {
        see(&SEEN, &numbers);
        numbers.into_iter().map(|n| n ^ 0xff).collect()
    }
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            scope.spawn(move || {
                for n in thread * 100..thread * 100 + 100 {
                    assert_eq!(hashed(n), n ^ 0xff);
                }
            });
        }
    });
    let all: usize = SEEN.lock().unwrap().iter().map(Vec::len).sum();
    assert_eq!(all, 400);
}

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.unwrap().block_on(future)
}

#[test]
fn many_items_of_a_function_that_blocks_come_in_batches() {
    static SEEN: Seen = Mutex::new(Vec::new());
    #[batched(max_size = 3, dedupe)]
    fn grouped(tenant: &'static str, ids: Vec<u64>) -> Vec<Result<String, LoadError>> {
        see(&SEEN, &ids);
        ids.into_iter()
            .map(|id| match id {
                5 => Err(LoadError::Missing(id)),
                _ => Ok(format!("{tenant} {id}")),
            })
            .collect()
    }
    let batcher = grouped_batcher();
    let answers = block_on(batcher.many_in(("a",), [1, 2, 1, 4, 5]));
    let told = |text: &str| Ok(text.to_owned());
    assert_eq!(
        answers,
        [
            told("a 1"),
            told("a 2"),
            told("a 1"),
            told("a 4"),
            Err(LoadError::Missing(5))
        ]
    );
    assert_eq!(*SEEN.lock().unwrap(), [vec![1, 2], vec![4, 5]]);
    assert_eq!(batcher.stats().items, 5);
}

#[test]
fn a_function_that_blocks_says_what_is_a_rejection_to_each_of_many() {
    #[batched]
    fn told(ids: Vec<u64>) -> Result<Vec<u64>, LoadError> {
        Ok(ids)
    }
    #[batched(reject = |_| LoadError::Down)]
    fn made(mut ids: Vec<u64>) -> Result<Vec<u64>, LoadError> {
        ids.pop();
        Ok(ids)
    }
    assert_eq!(told_batcher().many_blocking([1, 2]), [Ok(1), Ok(2)]);
    assert_eq!(
        made_batcher().many_blocking([1, 2]),
        [Err(LoadError::Down), Err(LoadError::Down)]
    );
    block_on(told_batcher().shutdown(Duration::from_secs(1)));
    let shut_down = LoadError::Rejected(Reason::ShutDown);
    assert_eq!(
        told_batcher().many_blocking([1, 2]),
        [Err(shut_down.clone()), Err(shut_down)]
    );
}

#[test]
fn what_stands_around_a_function_that_blocks_sees_each_of_many() {
    static SEEN: Seen = Mutex::new(Vec::new());
    #[perfkit::cached]
    #[batched]
    fn kept(ids: Vec<u64>) -> Vec<u64> {
        see(&SEEN, &ids);
        ids
    }
    for _ in 0..2 {
        assert_eq!(kept_batcher().many_blocking([1, 2, 1]), [1, 2, 1]);
    }
    assert_eq!(*SEEN.lock().unwrap(), [[1], [2]]);
}

#[test]
fn a_function_that_blocks_and_asks_itself_for_many_is_answered() {
    #[batched]
    fn sums(items: Vec<u64>) -> Vec<u64> {
        let sum = |item: u64| match item {
            0 => 0,
            _ => {
                sums_batcher()
                    .many_blocking(0..item)
                    .into_iter()
                    .sum::<u64>()
                    + 1
            }
        };
        items.into_iter().map(sum).collect()
    }
    assert_eq!(sums_batcher().many_blocking([3, 0, 2]), [4, 0, 2]);
}

#[test]
fn a_full_queue_rejects_where_it_is_told_to() {
    #[batched(linger = "1h", max_queue = 1, full = "reject")]
    async fn full(numbers: Vec<u64>) -> Result<Vec<u64>, LoadError> {
        Ok(numbers)
    }
    #[batched(linger = "1h", max_queue = 1, full = "reject", reject = |_| LoadError::Down)]
    async fn made(numbers: Vec<u64>) -> Result<Vec<u64>, LoadError> {
        Ok(numbers)
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let first = tokio::spawn(full(1));
        tokio::task::yield_now().await;
        assert_eq!(full(2).await, Err(LoadError::Rejected(Reason::QueueFull)));
        full_batcher().flush().await;
        assert_eq!(first.await.unwrap(), Ok(1));
        let _first = tokio::spawn(made(1));
        tokio::task::yield_now().await;
        assert_eq!(made(2).await, Err(LoadError::Down));
    });
}

#[tokio::test]
async fn shut_down_it_rejects_what_comes() {
    #[batched]
    async fn closed(numbers: Vec<u64>) -> Result<Vec<u64>, LoadError> {
        Ok(numbers)
    }
    assert_eq!(closed_batcher().shutdown(Duration::from_secs(1)).await, 0);
    assert_eq!(closed(1).await, Err(LoadError::Rejected(Reason::ShutDown)));
}

#[tokio::test]
async fn the_report_tells_of_batches() {
    #[batched(name = "batched: reported", max_size = 2)]
    async fn reported(numbers: Vec<u64>) -> Vec<Result<u64, LoadError>> {
        numbers
            .into_iter()
            .map(|n| if n == 3 { Err(LoadError::Down) } else { Ok(n) })
            .collect()
    }
    reported_batcher().many([1, 2, 3]).await;
    let report = perfkit::report();
    let row = report
        .find("batches", "batched: reported")
        .expect("it has a row");
    assert_eq!(row.count("items"), Some(3));
    assert_eq!(row.part("outcomes", "error"), Some(1));
    assert_eq!(row.part("triggers", "full"), Some(1));
    assert_eq!(row.part("sizes", "2"), Some(1));
    assert_eq!(row.part("sizes", "1"), Some(1));
    report.verify().expect("the books balance");
}

#[tokio::test]
async fn other_attributes_stand_around_the_call_of_one_item() {
    static SEEN: Seen = Mutex::new(Vec::new());
    #[perfkit::measured(name = "batched: around")]
    #[perfkit::cached]
    #[perfkit::timeout("10s")]
    #[batched]
    async fn user(ids: Vec<u64>) -> Result<Vec<String>, LoadError> {
        see(&SEEN, &ids);
        Ok(ids.into_iter().map(|id| format!("user {id}")).collect())
    }
    for _ in 0..2 {
        assert_eq!(user(1).await.as_deref(), Ok("user 1"));
    }
    assert_eq!(*SEEN.lock().unwrap(), [[1]]);
}
