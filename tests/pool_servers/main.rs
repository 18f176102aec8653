//! `#[pooled]` on real resources: a file of SQLite, and servers of Redis and `PostgreSQL` that are killed in the middle of the
//! load and come back. Nothing leaks, the pool refills by itself, and the report tells what happened. A connection that dies
//! while nobody uses it is found and replaced though nobody asks for one.
//!
//! The servers are started here, each on a port of its own. Where there is none to be started, its test says that it was left
//! out, which is a failure where nobody would read it (`CI=true`). `./test` installs them where it may.

mod server;

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, LazyLock};

use perfkit::report::Row;
use perfkit::{Pooled, Rejected, pooled};
use redis::aio::MultiplexedConnection;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::server::Server;

#[derive(Debug, thiserror::Error)]
enum DbError {
    #[error(transparent)]
    Redis(#[from] redis::RedisError),
    #[error(transparent)]
    Postgres(#[from] tokio_postgres::Error),
    #[error(transparent)]
    Rejected(#[from] Rejected),
}

const TASKS: usize = 16;
const MOST: usize = 4;

/// How often it worked, and how often not.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    worked: usize,
    failed: usize,
}

/// What many tasks do to a server until they are told to stop.
struct Load {
    seen: watch::Sender<Seen>,
    stop: AtomicBool,
    out: AtomicUsize,
}

impl Load {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            seen: watch::Sender::new(Seen::default()),
            stop: AtomicBool::new(false),
            out: AtomicUsize::new(0),
        })
    }

    /// One task; `work` uses a resource once.
    async fn run<T: Send + 'static>(
        self: Arc<Self>,
        get: impl AsyncFn() -> Result<Pooled<T>, DbError>,
        work: impl AsyncFn(&mut T) -> Result<(), DbError>,
    ) {
        while !self.stop.load(SeqCst) {
            let worked = match get().await {
                Ok(mut guard) => {
                    assert!(self.out.fetch_add(1, SeqCst) < MOST);
                    let worked = work(&mut guard).await.is_ok();
                    if !worked {
                        guard.poison();
                    }
                    self.out.fetch_sub(1, SeqCst);
                    worked
                }
                Err(error) => {
                    assert!(matches!(error, DbError::Rejected(_)), "{error}");
                    false
                }
            };
            self.seen.send_modify(|seen| {
                seen.worked += usize::from(worked);
                seen.failed += usize::from(!worked);
            });
        }
    }

    /// Waits until it has worked, or failed, so many times more.
    async fn more(&self, worked: usize, failed: usize) {
        let mut seen = self.seen.subscribe();
        let start = *seen.borrow();
        let enough = |seen: &Seen| {
            seen.worked >= start.worked + worked && seen.failed >= start.failed + failed
        };
        seen.wait_for(enough).await.expect("it goes on");
    }
}

/// What each server goes through under the load of such tasks, and what the report has to tell of it.
async fn survives<F: Future<Output = ()> + Send + 'static>(
    op: &str,
    server: &mut Server,
    task: impl Fn(Arc<Load>) -> F,
) {
    let load = Load::new();
    let tasks: JoinSet<()> = (0..TASKS).map(|_| task(Arc::clone(&load))).collect();
    load.more(500, 0).await;
    server.kill();
    load.more(0, 4 * MOST).await;
    server.start();
    load.more(500, 0).await;
    load.stop.store(true, SeqCst);
    tasks.join_all().await;
    tells_the_story(op);
}

fn row(op: &str) -> Row {
    let report = perfkit::report();
    report.verify().expect("the books balance");
    let rows = report.section("pools").iter();
    let mut rows = rows.filter(|row| row.op() == op && row.count("requests") > Some(0));
    rows.next().expect("every pool is in the report").clone()
}

/// What the report has to tell of it.
fn tells_the_story(op: &str) {
    let row = row(op);
    assert_eq!(
        (row.count("in_use"), row.count("waiting")),
        (Some(0), Some(0))
    );
    assert!(row.count("size") <= Some(MOST as u64));
    assert!(
        row.part("closed", "poisoned") > Some(0),
        "what broke is discarded"
    );
    assert!(
        row.part("creations", "error") > Some(0),
        "nothing could be made meanwhile"
    );
    assert!(
        row.part("opened", "created") > Some(MOST as u64 - 1),
        "it has refilled"
    );
}

#[pooled(
    name = "servers: redis",
    max_size = 4,
    acquire_timeout = "500ms",
    create_timeout = "2s"
)]
async fn cache(port: u16) -> Result<MultiplexedConnection, DbError> {
    let client = redis::Client::open(format!("redis://127.0.0.1:{port}"))?;
    Ok(client.get_multiplexed_async_connection().await?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_killed_and_comes_back_loses_nothing() {
    let Some(mut server) = Server::redis() else {
        return;
    };
    let port = server.port();
    survives("servers: redis", &mut server, |load| {
        load.run(
            async move || cache(port).await,
            async |connection| {
                let mut increase = redis::cmd("INCR");
                Ok(increase.arg("hits").exec_async(connection).await?)
            },
        )
    })
    .await;
}

#[pooled(
    name = "servers: postgres",
    max_size = 4,
    acquire_timeout = "500ms",
    create_timeout = "2s",
    validate = |client| !client.is_closed(),
    on_create = async |client: &mut tokio_postgres::Client| client.batch_execute("SET application_name = 'pool'").await,
)]
async fn database(port: u16) -> Result<tokio_postgres::Client, DbError> {
    connected(port).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_is_killed_and_comes_back_loses_nothing() {
    let Some(mut server) = Server::postgres() else {
        return;
    };
    let port = server.port();
    survives("servers: postgres", &mut server, |load| {
        load.run(
            async move || database(port).await,
            async |client| {
                client.query_one("SELECT 1 + 1", &[]).await?;
                Ok(())
            },
        )
    })
    .await;
}

#[pooled(
    name = "servers: sqlite",
    max_size = 4,
    validate = |connection| connection.execute_batch("SELECT 1"),
    on_create = |connection| connection.busy_timeout(std::time::Duration::from_secs(30)),
    on_release = |connection| connection.is_autocommit(),
)]
fn file(path: &str) -> Result<rusqlite::Connection, anyhow::Error> {
    Ok(rusqlite::Connection::open(path)?)
}

#[test]
fn threads_share_the_connections_to_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("orders.db");
    let path = path.to_str().expect("a plain path");
    file(path)
        .expect("there is room")
        .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE orders (number INTEGER)")
        .expect("a table");
    std::thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || {
                for order in 0..25 {
                    let mut connection = file(path).expect("one comes back in time");
                    let transaction = connection
                        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
                        .expect("its turn");
                    transaction
                        .execute("INSERT INTO orders VALUES (?1)", [thread * 100 + order])
                        .expect("a row");
                    transaction.commit().expect("written");
                }
            });
        }
    });
    // Whoever leaves a transaction open does not leave it to the next.
    let left_open = file(path).expect("it is idle");
    left_open.execute_batch("BEGIN").expect("a transaction");
    drop(left_open);
    let connection = file(path).expect("it is idle");
    let orders = connection.query_row("SELECT count(DISTINCT number) FROM orders", [], |row| {
        row.get(0)
    });
    assert_eq!(orders, Ok(200));
    drop(connection);
    let row = row("servers: sqlite");
    assert!(row.count("size") <= Some(4));
    assert_eq!(row.part("closed", "refused"), Some(1));
}

/// How many connections `watched` has made.
static MADE: LazyLock<watch::Sender<usize>> = LazyLock::new(watch::Sender::default);

async fn connected(port: u16) -> Result<tokio_postgres::Client, DbError> {
    let config = format!("host=127.0.0.1 port={port} user=postgres dbname=postgres");
    let (client, connection) = tokio_postgres::connect(&config, tokio_postgres::NoTls).await?;
    tokio::spawn(async move { drop(connection.await) });
    Ok(client)
}

#[pooled(
    name = "servers: watched",
    min_size = 2,
    max_size = 2,
    acquire_timeout = "60s",
    validate_every = "40ms",
    validate_timeout = "60s",
    validate = async |client: &mut tokio_postgres::Client| client.batch_execute("SELECT 1").await,
)]
async fn watched(port: u16) -> Result<tokio_postgres::Client, DbError> {
    let client = connected(port).await?;
    MADE.send_modify(|made| *made += 1);
    Ok(client)
}

/// The process of the server behind a connection.
async fn process(client: &tokio_postgres::Client) -> Result<i32, DbError> {
    let row = client.query_one("SELECT pg_backend_pid()", &[]).await?;
    Ok(row.try_get(0)?)
}

#[tokio::test]
async fn a_connection_that_dies_while_it_is_idle_is_replaced_without_a_caller()
-> Result<(), DbError> {
    let Some(server) = Server::postgres() else {
        return Ok(());
    };
    let port = server.port();
    let (one, other) = (watched(port).await?, watched(port).await?);
    let (killed, kept) = (process(&one).await?, process(&other).await?);
    drop((one, other));
    let requests = row("servers: watched").count("requests");

    let admin = connected(port).await?;
    let kill = "SELECT pg_terminate_backend($1)";
    admin.query_one(kill, &[&killed]).await?;
    let replaced = MADE.subscribe().wait_for(|made| *made == 3).await.is_ok();
    assert!(replaced);
    watched_pool(port)?.warm().await?;

    let row = row("servers: watched");
    assert_eq!(row.count("requests"), requests, "nobody has asked");
    assert_eq!(row.part("closed", "invalid"), Some(1));
    assert_eq!((row.count("size"), row.count("in_use")), (Some(2), Some(0)));
    let (one, other) = (watched(port).await?, watched(port).await?);
    let now = [process(&one).await?, process(&other).await?];
    assert!(now.contains(&kept) && !now.contains(&killed));
    Ok(())
}
