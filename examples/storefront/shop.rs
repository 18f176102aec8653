//! The shop: a catalogue, its prices, the stock and the orders, in SQLite.
//!
//! Most of it is synchronous; a statement takes microseconds, so the async code that calls it does not hand it to another
//! thread. An annotation above a function is all it takes for it to be in the report, with the functions it calls told
//! apart from its own work; and all it takes for connections to be kept, writes to be put together, and what takes longer
//! to be done elsewhere.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use perfkit::{Pooled, batched, cached, measured, memoized, offloaded, pooled};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::chance::{Purpose, draw};

/// The shop and its database.
pub struct Shop {
    database: Arc<Path>,
}

/// A product as the catalogue lists it.
pub struct Product {
    pub id: u32,
    pub name: String,
    pub category: String,
    pub list_cents: u32,
}

/// What the visitor of a product's page gets to see.
pub struct Page {
    pub product: Arc<Product>,
    pub price_cents: u32,
    pub in_stock: u32,
    pub related: Arc<[String]>,
}

/// What the books say at the end.
pub struct Books {
    pub views: u32,
    pub orders_paid: u32,
    pub revenue_cents: i64,
    /// Pieces that are neither in stock nor sold; anything but 0 is a bug in the shop.
    pub missing: i64,
}

/// Why the shop could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum ShopError {
    #[error("product {0} is not in the catalogue")]
    NotFound(u32),
    #[error("product {0} is out of stock")]
    OutOfStock(u32),
    #[error(transparent)]
    Database(#[from] rusqlite::Error),
    /// No connection in time, for one.
    #[error(transparent)]
    Rejected(#[from] perfkit::Rejected),
}

const SCHEMA: &str = "
    CREATE TABLE product (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL, category TEXT NOT NULL, list_cents INTEGER NOT NULL,
        delivered INTEGER NOT NULL, stock INTEGER NOT NULL CHECK (stock >= 0), views INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX product_by_category ON product (category);
    CREATE TABLE promotion (category TEXT NOT NULL, from_cents INTEGER NOT NULL, percent_off INTEGER NOT NULL);
    CREATE TABLE customer_order (
        id INTEGER PRIMARY KEY, product INTEGER NOT NULL REFERENCES product, cents INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('reserved', 'paid', 'cancelled'))
    );
    CREATE INDEX order_by_product ON customer_order (product);
    INSERT INTO promotion VALUES ('books', 1500, 10), ('books', 4000, 20), ('garden', 0, 5), ('toys', 2500, 15);
";

const CATEGORIES: [&str; 12] = [
    "books", "coats", "films", "games", "garden", "kitchen", "lamps", "music", "shoes", "sports",
    "tools", "toys",
];

impl Page {
    /// The page as it is sent.
    #[measured]
    pub fn render(&self) -> String {
        let Self {
            product,
            price_cents,
            in_stock,
            related,
        } = self;
        let price = euros(*price_cents);
        let mut html = format!(
            "<h1>{}</h1><p>{price}, {in_stock} in stock</p><ul>",
            product.name
        );
        for name in related.iter() {
            html.extend(["<li>", name, "</li>"]);
        }
        html.push_str("</ul>");
        html
    }
}

/// A price as it is shown: the same text for the same number of cents, for good.
#[memoized]
fn euros(cents: u32) -> Arc<str> {
    format!("{}.{:02} EUR", cents / 100, cents % 100).into()
}

/// A connection to the database of a shop. Who calls this gets one that is not in use, so there are as many as there are
/// threads, and not as many as there are workers.
#[pooled(max_size = 8, validate = |db| db.execute_batch("SELECT 1"))]
fn connect(database: Arc<Path>) -> Result<Connection, ShopError> {
    let db = Connection::open(database)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "NORMAL")?;
    db.pragma_update(None, "mmap_size", 64 << 20)?;
    db.busy_timeout(Duration::from_secs(10))?;
    Ok(db)
}

impl Shop {
    /// Opens the shop with an empty database at `path`, and fills it with `products` products, numbered from 0. One in
    /// fifty is no longer sold.
    #[measured]
    pub fn open(path: &Path, products: u32) -> Result<Self, ShopError> {
        let shop = Self {
            database: path.into(),
        };
        let mut db = shop.db()?;
        let transaction = db.transaction()?;
        transaction.execute_batch(SCHEMA)?;
        {
            let mut insert = transaction.prepare(
                "INSERT INTO product (id, name, category, list_cents, delivered, stock) VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
            )?;
            for (id, category) in (0..products).zip(CATEGORIES.into_iter().cycle()) {
                let delisted = draw(id, Purpose::Delisted, 50) == 0;
                if delisted {
                    continue;
                }
                let name = format!("{category} no. {id}");
                let cents = 499 + 100 * draw(id, Purpose::Price, 95);
                let pieces = draw(id, Purpose::Pieces, 6);
                insert.execute(params![id, name, category, cents, pieces])?;
            }
        }
        transaction.commit()?;
        drop(db);
        Ok(shop)
    }

    fn db(&self) -> Result<Pooled<Connection>, ShopError> {
        connect(Arc::clone(&self.database))
    }

    /// The page of a product, put together from what the functions below find.
    #[measured(slow = "5ms")]
    pub fn product_page(&self, id: u32) -> Result<Page, ShopError> {
        let product = self.find_product(id)?;
        let price_cents = self.price(&product)?;
        let in_stock = self.in_stock(id)?;
        let related = self.related(&product)?;
        Ok(Page {
            product,
            price_cents,
            in_stock,
            related,
        })
    }

    /// What the catalogue says. It changes seldom, and there is one shop: `ignore(self)` leaves that out of the key. A
    /// product that is not there is an error, which is not kept.
    #[measured]
    #[cached(ttl = "5m", max_size = 4_000, ignore(self))]
    fn find_product(&self, id: u32) -> Result<Arc<Product>, ShopError> {
        let db = self.db()?;
        let mut find =
            db.prepare_cached("SELECT name, category, list_cents FROM product WHERE id = ?1")?;
        find.query_row([id], |row| {
            Ok(Arc::new(Product {
                id,
                name: row.get(0)?,
                category: row.get(1)?,
                list_cents: row.get(2)?,
            }))
        })
        .optional()?
        .ok_or(ShopError::NotFound(id))
    }

    /// The list price less the best promotion, in cents. The report splits it by category.
    #[measured(by = product.category)]
    fn price(&self, product: &Product) -> Result<u32, ShopError> {
        let db = self.db()?;
        let mut best = db.prepare_cached(
            "SELECT coalesce(max(percent_off), 0) FROM promotion WHERE category = ?1 AND from_cents <= ?2",
        )?;
        let percent_off: u32 = best
            .query_row(params![product.category, product.list_cents], |row| {
                row.get(0)
            })?;
        Ok(product.list_cents - product.list_cents * percent_off / 100)
    }

    #[measured]
    fn in_stock(&self, id: u32) -> Result<u32, ShopError> {
        let db = self.db()?;
        let mut pieces = db.prepare_cached("SELECT stock FROM product WHERE id = ?1")?;
        Ok(pieces.query_row([id], |row| row.get(0))?)
    }

    /// What else of its category costs about as much: the one query here that reads many rows, so the one that it saves
    /// most not to make.
    #[measured(slow = "2ms")]
    #[cached(ttl = "10m", max_size = 4_000, key = product.id)]
    fn related(&self, product: &Product) -> Result<Arc<[String]>, ShopError> {
        let db = self.db()?;
        let mut nearest = db.prepare_cached(
            "SELECT name FROM product WHERE category = ?1 AND id <> ?2
             ORDER BY abs(list_cents - ?3), id LIMIT 4",
        )?;
        let names = nearest.query_map(
            params![product.category, product.id, product.list_cents],
            |row| row.get(0),
        )?;
        Ok(names.collect::<Result<_, _>>()?)
    }

    /// One small write a view, and SQLite lets one connection write at a time: the views of all who wait are written
    /// together, while the next ones gather.
    #[measured(slow = "5ms")]
    #[batched]
    pub async fn count_view(self: Arc<Self>, ids: Vec<u32>) -> Result<(), ShopError> {
        let mut db = self.db()?;
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut count =
                transaction.prepare_cached("UPDATE product SET views = views + 1 WHERE id = ?1")?;
            for id in ids {
                count.execute([id])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// Takes one piece out of stock for an order that is yet to be paid.
    #[measured]
    pub fn reserve(&self, order: u32, product: u32, cents: u32) -> Result<(), ShopError> {
        let mut db = self.db()?;
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let taken = transaction
            .prepare_cached("UPDATE product SET stock = stock - 1 WHERE id = ?1 AND stock > 0")?
            .execute([product])?;
        if taken == 0 {
            return Err(ShopError::OutOfStock(product));
        }
        transaction
            .prepare_cached("INSERT INTO customer_order VALUES (?1, ?2, ?3, 'reserved')")?
            .execute(params![order, product, cents])?;
        transaction.commit()?;
        Ok(())
    }

    /// The order was paid.
    #[measured]
    pub fn confirm(&self, order: u32) -> Result<(), ShopError> {
        self.db()?
            .prepare_cached("UPDATE customer_order SET state = 'paid' WHERE id = ?1")?
            .execute([order])?;
        Ok(())
    }

    /// The order was not paid: the piece goes back on the shelf.
    #[measured]
    pub fn cancel(&self, order: u32) -> Result<(), ShopError> {
        let mut db = self.db()?;
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction
            .prepare_cached(
                "UPDATE product SET stock = stock + 1
                 WHERE id = (SELECT product FROM customer_order WHERE id = ?1)",
            )?
            .execute([order])?;
        transaction
            .prepare_cached("UPDATE customer_order SET state = 'cancelled' WHERE id = ?1")?
            .execute([order])?;
        transaction.commit()?;
        Ok(())
    }

    /// Counts everything once more, from the tables alone: so long that other tasks should not stand behind it.
    #[measured]
    #[offloaded(threads = 1)]
    pub fn books(self: Arc<Self>) -> Result<Books, ShopError> {
        let db = self.db()?;
        let (views, missing) = db.query_row(
            "SELECT sum(views), sum(delivered - stock - (
                 SELECT count(*) FROM customer_order AS o WHERE o.product = p.id AND o.state = 'paid'
             )) FROM product AS p",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let (orders_paid, revenue_cents) = db.query_row(
            "SELECT count(*), coalesce(sum(cents), 0) FROM customer_order WHERE state = 'paid'",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        Ok(Books {
            views,
            orders_paid,
            revenue_cents,
            missing,
        })
    }
}
