//! A web shop for some seconds: real traffic, a real database, slow payments, and the report about all of it.
//!
//! ```console
//! cargo run --release --example storefront
//! cargo run --release --example storefront -- --requests 2000 --json report.json
//! ```
//!
//! The shop sells about 8,700 products out of an SQLite database that it makes for the occasion. Visitors come from a
//! trace of 40,000 product views of a real shop (`product-views.trace`, with its origin beside it); one view in twenty
//! ends in an order, which is paid for at a provider on a local socket. What is bought, sold out, declined and timed out
//! is the same in every run; only the times differ, and on a machine too busy for them more payments take too long.
//!
//! | file | what it shows |
//! |---|---|
//! | `shop.rs` | `#[measured]` on plain functions and methods that call each other, split by a label, with a limit for slow calls; `#[cached]` under it on the queries whose answers stay the same for a while, `#[memoized]` on what depends on its argument alone; `#[pooled]` on what opens a connection, `#[batched]` on a small write that everybody makes, `#[offloaded]` on what takes long |
//! | `trace.rs` | `#[lazy]` on what is found out once |
//! | `courier.rs` | a service that fails, hangs and recovers, under `#[fallback]`, `#[retry]`, `#[breaker]`, `#[rate_limited]`, `#[bulkhead]` and `#[timeout]` |
//! | `payments.rs` | `#[timeout]` under `#[measured]` on an async function, and the one line its error needs for it |
//! | `checkout.rs` | an async flow over both |
//! | `main.rs` | the report: as a table, and as JSON with `--json PATH` |

#![allow(unreachable_pub)] // `pub` marks what the other files of the example use

mod chance;
mod checkout;
mod courier;
mod options;
mod payments;
mod shop;
mod trace;

use std::fmt;
use std::sync::Arc;

use anyhow::{Context, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinSet;

use crate::checkout::{CheckoutError, checkout};
use crate::courier::Courier;
use crate::options::{HELP, Options};
use crate::payments::{PaymentError, Till};
use crate::shop::{Shop, ShopError};
use crate::trace::View;

/// How many requests are served at a time.
const WORKERS: u32 = 8;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Some(options) = Options::parse(std::env::args().skip(1))? else {
        print!("{HELP}");
        return Ok(());
    };

    let directory = tempfile::tempdir().context("no place for the database")?;
    let database = directory.path().join("shop.db");
    let till = Till::new(payments::start_provider().await?);
    let courier = Courier::new(courier::start_service().await?);
    let shop = Arc::new(Shop::open(&database, trace::products())?);

    let progress = progress_bar(options.requests)?;
    let mut workers = JoinSet::new();
    for worker in 0..WORKERS {
        // The views of one product go to one worker, in the order of the trace: who gets the last piece is no race.
        let views = trace::views(options.requests).filter(move |v| v.product % WORKERS == worker);
        let shop = Arc::clone(&shop);
        workers.spawn(serve(shop, till, courier, views, progress.clone()));
    }
    let mut day = Day::default();
    while let Some(served) = workers.join_next().await {
        day.add(&served??);
    }
    progress.finish_and_clear();

    let books = shop.books().await?;
    println!(
        "{day}; {}.{:02} EUR taken\n",
        books.revenue_cents / 100,
        books.revenue_cents % 100
    );
    ensure!(
        books.missing == 0,
        "{} pieces are neither in stock nor sold",
        books.missing
    );
    ensure!(
        books.views == day.pages && books.orders_paid == day.paid,
        "the tables know of {} views and {} paid orders, the workers of {} and {}",
        books.views,
        books.orders_paid,
        day.pages,
        day.paid
    );

    let report = perfkit::report();
    println!("{report}");
    if let Some(path) = options.json {
        report.write_json(&path)?;
    }
    Ok(())
}

/// What a worker does until its views are over.
async fn serve(
    shop: Arc<Shop>,
    till: Till,
    courier: Courier,
    views: impl Iterator<Item = View>,
    progress: ProgressBar,
) -> anyhow::Result<Day> {
    let mut day = Day::default();
    for view in views {
        match shop.product_page(view.product) {
            Ok(page) => {
                day.pages += 1;
                day.bytes += page.render().len();
                Arc::clone(&shop).count_view(view.product).await?;
                if view.buys() {
                    day.count(checkout(&shop, till, courier, view.number, &page).await)?;
                }
            }
            Err(ShopError::NotFound(_)) => day.not_found += 1,
            Err(broken) => return Err(broken.into()),
        }
        progress.inc(1);
    }
    Ok(day)
}

/// What visitors got.
#[derive(Default)]
struct Day {
    pages: u32,
    bytes: usize,
    not_found: u32,
    paid: u32,
    sold_out: u32,
    declined: u32,
    timed_out: u32,
}

impl Day {
    /// Counts a checkout. What can happen in a shop on any day is no error here.
    fn count(&mut self, checkout: Result<(), CheckoutError>) -> Result<(), CheckoutError> {
        match checkout {
            Ok(()) => self.paid += 1,
            Err(CheckoutError::Shop(ShopError::OutOfStock(_))) => self.sold_out += 1,
            Err(CheckoutError::Payment(PaymentError::Declined(_))) => self.declined += 1,
            Err(CheckoutError::Payment(PaymentError::Rejected(_))) => self.timed_out += 1,
            Err(broken) => return Err(broken),
        }
        Ok(())
    }

    fn add(&mut self, other: &Self) {
        self.pages += other.pages;
        self.bytes += other.bytes;
        self.not_found += other.not_found;
        self.paid += other.paid;
        self.sold_out += other.sold_out;
        self.declined += other.declined;
        self.timed_out += other.timed_out;
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} pages of {} bytes shown, {} not found; {} orders paid, {} sold out, {} declined, {} timed out",
            self.pages,
            self.bytes,
            self.not_found,
            self.paid,
            self.sold_out,
            self.declined,
            self.timed_out,
        )
    }
}

/// Goes to standard error, and only when that is a terminal.
fn progress_bar(requests: u32) -> anyhow::Result<ProgressBar> {
    let style =
        ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} requests  {eta} left")?;
    Ok(ProgressBar::new(requests.into()).with_style(style))
}
