//! The one flow that touches everything: take a piece from the shelf, charge for it, keep it or put it back.

use perfkit::measured;

use crate::courier::{Courier, CourierError};
use crate::payments::{PaymentError, Till};
use crate::shop::{Page, Shop, ShopError};

/// Why an order came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum CheckoutError {
    #[error(transparent)]
    Shop(#[from] ShopError),
    #[error(transparent)]
    Payment(#[from] PaymentError),
    #[error(transparent)]
    Courier(#[from] CourierError),
}

/// Sells one piece of what is on `page` under the number `order`.
///
/// In the report its latency is what the customer waits; its own time is next to nothing, as the work is done by the
/// annotated functions that it calls.
#[measured(slow = "100ms")]
pub async fn checkout(
    shop: &Shop,
    till: Till,
    courier: Courier,
    order: u32,
    page: &Page,
) -> Result<(), CheckoutError> {
    // Shown to the customer, and not part of what is taken: it differs with the courier's mood.
    let _shipping_cents = courier.quote(order).await?;
    shop.reserve(order, page.product.id, page.price_cents)?;
    match till.charge(order, page.price_cents).await {
        Ok(()) => Ok(shop.confirm(order)?),
        Err(unpaid) => {
            shop.cancel(order)?;
            Err(unpaid.into())
        }
    }
}
