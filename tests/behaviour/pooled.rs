//! What `#[pooled]` promises.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use perfkit::{Pool, Pooled, Reason, Rejected, get_pool, measured, pooled, rejection, timeout};

#[derive(Debug, PartialEq, Eq)]
struct Connection(usize);

#[derive(Debug)]
enum DbError {
    Refused(&'static str),
    Busy(Rejected),
}

impl std::fmt::Display for DbError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(why) => f.write_str(why),
            Self::Busy(rejected) => rejected.fmt(f),
        }
    }
}

impl From<Rejected> for DbError {
    fn from(rejected: Rejected) -> Self {
        Self::Busy(rejected)
    }
}

fn stopped<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(future)
}

#[test]
fn a_sync_factory_lends_what_it_makes() {
    static MADE: AtomicUsize = AtomicUsize::new(0);

    #[pooled]
    fn connect() -> Result<Connection, DbError> {
        Ok(Connection(MADE.fetch_add(1, SeqCst)))
    }

    let guard: Pooled<Connection> = connect().expect("there is room");
    assert_eq!(*guard, Connection(0));
    drop(guard);
    assert_eq!(*connect().expect("it is idle"), Connection(0));
    assert_eq!(connect_pool().stats().size, 1);
}

#[test]
fn an_async_factory_lends_what_it_makes() {
    static MADE: AtomicUsize = AtomicUsize::new(0);

    #[pooled(max_size = 1)]
    async fn connect() -> Result<Connection, DbError> {
        tokio::task::yield_now().await;
        Ok(Connection(MADE.fetch_add(1, SeqCst)))
    }

    stopped(async {
        let guard = connect().await.expect("there is room");
        let waiter = tokio::spawn(async { connect().await.map(|guard| guard.0).ok() });
        tokio::task::yield_now().await;
        assert_eq!(connect_pool().stats().waiting, 1);
        drop(guard);
        assert_eq!(waiter.await.expect("no panic"), Some(0));
    });
}

#[test]
fn a_bound_that_is_a_constant_is_not_taken_for_the_default() {
    const MOST: u64 = 50;

    #[pooled(min_size = 20, max_size = MOST)]
    async fn connect() -> Result<Connection, DbError> {
        Ok(Connection(0))
    }

    stopped(async {
        drop(connect().await);
        let stats = connect_pool().stats();
        assert_eq!((stats.min, stats.max), (20, 50));
    });
}

#[test]
fn a_call_that_waits_too_long_has_the_functions_own_error() {
    #[pooled(max_size = 1, acquire_timeout = "2s")]
    async fn connect() -> Result<Connection, DbError> {
        Ok(Connection(0))
    }

    stopped(async {
        let line = line!() + 1;
        let _guard = connect().await.expect("there is room");
        let start = tokio::time::Instant::now();
        let Err(DbError::Busy(rejected)) = connect().await else {
            panic!("there is one, and it is in use");
        };
        assert!(start.elapsed() < Duration::from_millis(2100));
        assert_eq!(rejected.reason(), Reason::PoolTimeout);
        let text = rejected.to_string();
        assert!(
            text.contains("connect` had nothing to give within 2s: 1 of at most 1 in use"),
            "{text}"
        );
        if cfg!(debug_assertions) {
            assert!(text.contains(&format!("pooled.rs:{line}")), "{text}");
        }
    });
}

#[test]
fn a_sync_call_says_where_it_was_made() {
    #[pooled(max_size = 1, acquire_timeout = "10ms")]
    fn connect() -> Result<Connection, io::Error> {
        Ok(Connection(0))
    }

    connect_pool().put(Connection(0)).expect("there is room");
    let line = line!() + 1;
    let _guard = connect().expect("it is idle");
    let error = connect().expect_err("it is in use");
    assert_eq!(
        rejection(&error).map(|rejected| rejected.reason()),
        Some(Reason::PoolTimeout)
    );
    if cfg!(debug_assertions) {
        assert!(
            error.to_string().contains(&format!("pooled.rs:{line}")),
            "{error}"
        );
    }
}

#[test]
fn the_cause_of_a_failed_creation_is_told() {
    #[pooled(acquire_timeout = "1s")]
    async fn connect() -> Result<Connection, DbError> {
        Err(DbError::Refused("no such host"))
    }

    stopped(async {
        let error = connect().await.expect_err("there is no such host");
        assert!(error.to_string().contains("no such host"), "{error}");
    });
}

#[test]
fn where_it_is_to_be_fast_the_error_itself_comes() {
    #[pooled(fail_fast)]
    async fn connect() -> Result<Connection, DbError> {
        Err(DbError::Refused("no such host"))
    }

    stopped(async {
        let error = connect().await.expect_err("there is no such host");
        assert!(matches!(error, DbError::Refused("no such host")));
    });
}

#[test]
fn aliases_of_result_are_results() {
    type Tried = Result<Connection, DbError>;

    #[pooled]
    fn of_io() -> io::Result<Connection> {
        Ok(Connection(1))
    }

    #[pooled]
    fn of_an_alias() -> Tried {
        Ok(Connection(2))
    }

    #[pooled]
    fn of_anyhow() -> anyhow::Result<Connection> {
        Ok(Connection(3))
    }

    assert_eq!(of_io().expect("there is room").0, 1);
    assert_eq!(of_an_alias().expect("there is room").0, 2);
    assert_eq!(of_anyhow().expect("there is room").0, 3);
    let _pool: Pool<Connection> = of_an_alias_pool();
}

#[test]
fn arguments_choose_the_pool() {
    #[pooled(max_size = 1, max_keys = 2)]
    fn shard(host: &str, (number, mut step): (usize, usize)) -> Result<String, DbError> {
        step += 1;
        Ok(format!("{host}/{number}/{step}"))
    }

    let one = shard("a", (1, 1)).expect("there is room");
    let other = shard("b", (1, 1)).expect("there is room");
    assert_eq!((&**one, &**other), ("a/1/2", "b/1/2"));
    let Err(DbError::Busy(rejected)) = shard("c", (1, 1)) else {
        panic!("both pools are in use");
    };
    assert_eq!(rejected.reason(), Reason::PoolFull);
    drop(one);
    assert!(shard("c", (1, 1)).is_ok());
    assert_eq!(
        shard_pool("b", (1, 1)).expect("it is there").stats().in_use,
        1
    );
    drop(other);
}

#[test]
fn async_factories_have_arguments_too() {
    #[pooled]
    async fn shard(host: &str, number: u32) -> Result<String, DbError> {
        tokio::task::yield_now().await;
        Ok(format!("{host}/{number}"))
    }

    stopped(async {
        assert_eq!(&**shard("a", 1).await.expect("there is room"), "a/1");
        assert_eq!(&**shard("a", 2).await.expect("there is room"), "a/2");
        assert_eq!(shard_pool("a", 1).expect("it is there").stats().idle, 1);
    });
}

#[test]
fn each_instance_has_a_pool_of_its_own() {
    trait Kind: 'static {
        const NAME: &'static str;
    }
    struct One;
    struct Other;
    impl Kind for One {
        const NAME: &'static str = "one";
    }
    impl Kind for Other {
        const NAME: &'static str = "other";
    }

    #[pooled]
    fn of<K: Kind>() -> Result<String, DbError> {
        Ok(K::NAME.to_owned())
    }

    assert_eq!(&**of::<One>().expect("there is room"), "one");
    assert_eq!(&**of::<Other>().expect("there is room"), "other");
    assert_eq!(
        of_pool::<One>().try_acquire().expect("it is idle").as_str(),
        "one"
    );
    assert_eq!(
        of_pool::<Other>()
            .try_acquire()
            .expect("it is idle")
            .as_str(),
        "other"
    );
}

#[test]
fn an_associated_function_is_a_factory_too() {
    struct Db;

    impl Db {
        #[pooled]
        pub(crate) fn connect() -> Result<Connection, DbError> {
            Ok(Connection(4))
        }
    }

    assert_eq!(Db::connect().expect("there is room").0, 4);
    assert_eq!(Db::connect_pool().stats().idle, 1);
}

#[test]
fn with_overflow_nobody_waits_and_nothing_fails() {
    static MADE: AtomicUsize = AtomicUsize::new(0);

    #[pooled(overflow, max_size = 2, on_release = Vec::clear)]
    fn buffer() -> Vec<u8> {
        MADE.fetch_add(1, SeqCst);
        Vec::with_capacity(100)
    }

    let mut all: Vec<Pooled<Vec<u8>>> = (0..5).map(|_| buffer()).collect();
    all[0].push(1);
    assert_eq!(buffer_pool().stats().in_use, 5);
    drop(all);
    assert_eq!((buffer_pool().stats().idle, MADE.load(SeqCst)), (2, 5));
    assert!(buffer().is_empty());
}

#[test]
fn an_async_factory_may_overflow_and_fail_in_its_own_way() {
    #[pooled(overflow)]
    async fn connect(fails: bool) -> Result<Connection, &'static str> {
        tokio::task::yield_now().await;
        if fails {
            return Err("refused");
        }
        Ok(Connection(1))
    }

    stopped(async {
        assert_eq!(connect(true).await.err(), Some("refused"));
        assert_eq!(connect(false).await.map(|guard| guard.0), Ok(1));
    });
}

#[test]
fn hooks_are_closures_or_paths_async_or_not() {
    static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());

    fn told(what: String) {
        TOLD.lock().expect("nobody panics").push(what);
    }

    async fn greet(connection: &mut Connection) -> Result<(), DbError> {
        tokio::task::yield_now().await;
        connection.0 += 1;
        told(format!("created {}", connection.0));
        Ok(())
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "what is destroyed is handed over"
    )]
    fn destroy(connection: Connection) {
        told(format!("destroyed {}", connection.0));
    }

    #[pooled(
        on_create = greet,
        on_release = |connection| connection.0 < 3,
        on_destroy = destroy,
        validate = async |connection: &mut Connection| connection.0 > 0,
        check_after = Duration::ZERO,
    )]
    async fn connect() -> Result<Connection, DbError> {
        Ok(Connection(0))
    }

    stopped(async {
        let mut connection = connect().await.expect("there is room");
        assert_eq!(connection.0, 1);
        connection.0 = 2;
        drop(connection);
        let mut connection = connect().await.expect("it is idle");
        assert_eq!(connection.0, 2);
        connection.0 = 3;
        drop(connection);
        assert_eq!(connect().await.expect("another one").0, 1);
        let told = TOLD.lock().expect("nobody panics").clone();
        assert_eq!(told, ["created 1", "destroyed 3", "created 1"]);
    });
}

#[test]
fn a_rejection_is_what_the_user_says() {
    #[derive(Debug, PartialEq, Eq)]
    struct Busy;

    #[pooled(max_size = 1, acquire_timeout = "1s", reject = |_| Busy)]
    async fn connect() -> Result<Connection, Busy> {
        Ok(Connection(0))
    }

    stopped(async {
        let _guard = connect().await.expect("there is room");
        assert_eq!(connect().await.err(), Some(Busy));
    });
}

#[test]
fn other_attributes_stand_around_the_call() {
    #[measured(name = "pooled: measured")]
    #[timeout("1s")]
    #[pooled(name = "pooled: around", max_size = 1)]
    async fn connect() -> Result<Connection, DbError> {
        Ok(Connection(0))
    }

    stopped(async {
        let _guard = connect().await.expect("there is room");
        let Err(DbError::Busy(rejected)) = connect().await else {
            panic!("it is in use");
        };
        assert_eq!(rejected.reason(), Reason::TimedOut);
        let report = perfkit::report();
        report.verify().expect("the books balance");
        let rows = report.section("pools");
        let row = rows.iter().find(|row| row.op() == "pooled: around");
        let row = row.expect("every pool is in the report");
        assert_eq!(row.part("outcomes", "acquired"), Some(1));
        assert_eq!(row.part("outcomes", "cancelled"), Some(1));
        #[cfg(feature = "measure")]
        assert_eq!(
            report
                .operation("pooled: measured")
                .and_then(|row| row.part("outcomes", "error")),
            Some(1)
        );
    });
}

#[test]
fn a_pool_is_found_by_its_name_and_filled_before_its_first_use() {
    #[pooled(name = "pooled: by name", min_size = 3)]
    async fn connect() -> Result<Connection, DbError> {
        Ok(Connection(0))
    }

    stopped(async {
        connect_pool().warm().await.expect("nothing fails");
        let found = get_pool::<Connection>("pooled: by name").expect("it is there");
        assert_eq!(found.stats().idle, 3);
        let report = perfkit::report();
        report.verify().expect("the books balance");
        let rows = report.section("pools");
        let idle = rows.iter().filter(|row| row.op() == "pooled: by name");
        assert_eq!(idle.filter_map(|row| row.count("idle")).sum::<u64>(), 3);
        drop(connect().await.expect("it is idle"));
        assert_eq!(connect_pool().stats().size, 3);
    });
}
