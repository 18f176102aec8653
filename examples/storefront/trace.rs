//! What visitors of a real web shop looked at, in the order in which they did. The origin is in the README beside it.

use perfkit::lazy;

use crate::chance::{Purpose, draw};

/// Four bytes a view, big-endian: the product.
static PRODUCT_VIEWS: &[u8] = include_bytes!("product-views.trace");

/// One request for the page of a product.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// Its place in the trace, which also numbers the order that may come of it.
    pub number: u32,
    pub product: u32,
}

impl View {
    /// One view in twenty ends in an order. The trace does not know which, so it is drawn.
    pub fn buys(self) -> bool {
        draw(self.number, Purpose::Purchase, 20) == 0
    }
}

/// How many views the trace holds.
pub fn len() -> u32 {
    u32::try_from(PRODUCT_VIEWS.as_chunks::<4>().0.len()).unwrap_or(u32::MAX)
}

/// How many products the shop must have. The trace numbers them from 0 by first appearance.
#[lazy]
pub fn products() -> u32 {
    products_viewed().max().map_or(0, |last| last + 1)
}

/// The first `count` views; the trace starts again where it ends.
pub fn views(count: u32) -> impl Iterator<Item = View> {
    (0..count)
        .zip(products_viewed().cycle())
        .map(|(number, product)| View { number, product })
}

fn products_viewed() -> impl Iterator<Item = u32> + Clone {
    let (views, _) = PRODUCT_VIEWS.as_chunks::<4>();
    views.iter().map(|view| u32::from_be_bytes(*view))
}
