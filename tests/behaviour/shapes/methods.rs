use super::*;

#[derive(Clone, Default)]
struct Cart {
    items: Vec<u32>,
}

impl Cart {
    const FIRST: u32 = 1;

    #[measured]
    fn new() -> Self {
        Self {
            items: vec![Self::FIRST],
        }
    }

    #[measured]
    fn by_reference(&self) -> &[u32] {
        &self.items
    }

    #[measured]
    fn by_mutable_reference(&mut self, n: u32) -> &mut Self {
        self.items.push(n);
        self
    }

    #[measured]
    fn by_value(self) -> Vec<u32> {
        self.items
    }

    #[measured]
    fn by_mutable_value(mut self) -> Self {
        self.items.clear();
        self
    }

    #[measured]
    fn by_arc(self: Arc<Self>) -> usize {
        self.items.len()
    }

    #[measured]
    fn by_pin(self: Pin<&mut Self>, n: u32) {
        self.get_mut().items.push(n);
    }

    #[measured(by = self.items.len())]
    fn with_a_label(&self) -> usize {
        self.items.len()
    }

    #[measured]
    async fn later(&self, n: u32) -> Answer<u32> {
        self.items.get(n as usize).copied().ok_or(Failure::Empty)
    }

    #[measured]
    #[timeout("1h")]
    async fn later_mutably(&mut self) -> Answer<&mut u32> {
        self.items.first_mut().ok_or(Failure::Empty)
    }

    #[measured]
    async fn later_by_arc(self: Arc<Self>) -> usize {
        self.items.len()
    }
}

trait Priced {
    fn price(&self) -> u32;

    #[measured]
    fn twice(&self) -> u32 {
        self.price() * 2
    }

    #[measured]
    fn made() -> Option<Self>
    where
        Self: Sized,
    {
        None
    }

    async fn fetch(&self) -> Answer<u32>;

    #[measured]
    #[timeout("1h")]
    async fn fetch_twice(&self) -> Answer<u32> {
        Ok(self.fetch().await? * 2)
    }
}

impl Priced for Cart {
    #[measured]
    fn price(&self) -> u32 {
        self.items.iter().sum()
    }

    #[timeout("1h")]
    #[measured]
    async fn fetch(&self) -> Answer<u32> {
        Ok(self.price())
    }
}

impl<T> Priced for Vec<T>
where
    T: Into<u32> + Copy,
{
    #[measured]
    fn price(&self) -> u32 {
        self.iter().map(|&n| n.into()).sum()
    }

    async fn fetch(&self) -> Answer<u32> {
        Err(Failure::Empty)
    }
}

#[test]
fn every_receiver_works() {
    let mut cart = Cart::new();
    cart.by_mutable_reference(2).by_mutable_reference(3);
    assert_eq!(cart.by_reference(), [1, 2, 3]);
    assert_eq!(cart.with_a_label(), 3);
    assert_eq!(cart.clone().by_value(), [1, 2, 3]);
    assert_eq!(Arc::new(cart.clone()).by_arc(), 3);
    Pin::new(&mut cart).by_pin(4);
    assert_eq!(cart.price(), 10);
    assert_eq!(cart.twice(), 20);
    assert!(cart.by_mutable_value().items.is_empty());
    assert!(Cart::made().is_none());
    assert_eq!(vec![1u8, 2].twice(), 6);
}

#[tokio::test(start_paused = true)]
async fn every_async_receiver_works() {
    let mut cart = Cart::new();
    assert_eq!(cart.later(0).await, Ok(1));
    assert_eq!(cart.later(1).await, Err(Failure::Empty));
    *cart.later_mutably().await.expect("one item") = 6;
    assert_eq!(cart.fetch_twice().await, Ok(12));
    assert_eq!(vec![1u8].fetch_twice().await, Err(Failure::Empty));
    assert_eq!(Arc::new(cart).later_by_arc().await, 1);
}
