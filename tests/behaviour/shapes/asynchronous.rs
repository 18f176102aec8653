use super::*;
use std::task::{Context, Waker};

#[measured]
async fn unit() {}

#[measured]
async fn unit_with_return(cell: &Cell<u32>) {
    if cell.get() > 0 {
        return;
    }
    cell.set(7);
}

#[measured]
#[timeout("1h")]
async fn early_return(n: i32) -> Answer<i32> {
    if n < 0 {
        return Err(Failure::Empty);
    }
    Ok(n)
}

#[timeout(Duration::from_secs(1))]
#[measured(slow = Duration::from_millis(5) * 2, sample = 1 + 1)]
async fn question_mark(text: &str) -> anyhow::Result<i32> {
    let n: i32 = text.parse()?;
    Ok(n + 1)
}

#[timeout("1h", reject = |_| ())]
async fn rejected_by_a_closure() -> Option<u32> {
    Some(1)
}

#[timeout("1h", reject = Failure::from)]
async fn rejected_by_a_path() -> Answer<u32> {
    Ok(1)
}

#[measured(by = tenant)]
#[timeout("1h")]
async fn moved_argument(tenant: String, (a, b): (u32, u32)) -> Answer<String> {
    let _ = a + b;
    Ok(tenant)
}

#[measured]
async fn mutable_argument(mut items: Vec<u32>, _unused: String) -> Vec<u32> {
    tokio::task::yield_now().await;
    items.push(4);
    items
}

#[measured]
async fn elided(text: &str) -> &str {
    text.trim()
}

#[measured]
async fn reborrows(items: &mut Vec<u32>) -> &mut u32 {
    items.push(1);
    &mut items[0]
}

#[measured]
async fn coerces(items: &Vec<u32>) -> Option<&[u32]> {
    Some(items)
}

#[measured]
async fn boxes_a_trait(wide: bool) -> Box<dyn Display> {
    if wide {
        return Box::new(1u64);
    }
    Box::new("narrow")
}

#[measured]
async fn boxes_a_closure(n: u32) -> Result<Box<dyn Fn(u32) -> u32>, Failure> {
    if n == 0 {
        return Err(Failure::Empty);
    }
    Ok(Box::new(move |m| n + m))
}

#[measured]
#[timeout("1h")]
async fn generic<T, const N: usize>(items: [T; N]) -> Answer<Vec<T>>
where
    T: Clone,
{
    Ok(items.to_vec())
}

#[measured]
#[timeout("1h")]
async fn impl_inside(n: u32) -> Answer<impl Iterator<Item = u32>> {
    if n == 0 {
        return Err(Failure::Empty);
    }
    Ok(0..n)
}

#[measured]
async fn impl_in(show: impl Display) -> String {
    show.to_string()
}

#[measured]
async fn not_send(shared: Rc<RefCell<u32>>) -> u32 {
    *shared.borrow_mut() += 1;
    tokio::task::yield_now().await;
    let n = *shared.borrow();
    n
}

#[measured]
#[timeout("1h")]
async fn recursion(n: u32) -> Answer<u32> {
    if n == 0 {
        return Ok(0);
    }
    Ok(n + Box::pin(recursion(n - 1)).await?)
}

#[measured]
async fn never() -> ! {
    std::future::pending::<()>().await;
    unreachable!("pending for ever")
}

#[measured]
async unsafe fn not_safe(at: *const u32) -> u32 {
    // SAFETY: the caller gives a pointer to a live number.
    unsafe { *at }
}

#[measured(by = n)]
#[timeout("1h")]
fn returns_a_future(n: u32) -> impl Future<Output = Answer<u32>> + Send {
    let doubled = n * 2;
    async move { Ok(doubled) }
}

#[expect(clippy::elidable_lifetime_names, reason = "as users write it")]
#[measured]
fn returns_a_borrowing_future<'a>(
    text: &'a str,
) -> impl std::future::Future<Output = &'a str> + 'a {
    async move { text.trim() }
}

#[measured]
#[timeout("1h")]
fn returns_a_boxed_future<'a>(
    map: &'a BTreeMap<u32, String>,
    key: u32,
) -> Pin<Box<dyn Future<Output = Option<&'a str>> + Send + 'a>> {
    if key == 0 {
        return Box::pin(std::future::ready(None));
    }
    Box::pin(async move { map.get(&key).map(String::as_str) })
}

#[measured]
fn is_a_boxed_block(n: u32) -> Pin<Box<dyn Future<Output = Option<u32>> + Send>> {
    Box::pin(async move {
        if n == 0 {
            return None;
        }
        Some(n)
    })
}

#[measured]
async fn impl_of_a_closure() -> impl Fn(&u8) -> u8 {
    |n: &u8| *n + 1
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

mod elsewhere {
    use super::*;

    pub(super) type LocalBoxFuture<'a, T> = Pin<Box<dyn Future<Output = Answer<T>> + 'a>>;
}

#[measured(name = "aliased")]
#[timeout("1h")]
fn returns_an_alias<'a>(
    map: &'a BTreeMap<u32, String>,
    key: u32,
) -> BoxFuture<'a, Result<&'a str, Failure>> {
    if key == 0 {
        return Box::pin(std::future::ready(Err(Failure::Empty)));
    }
    Box::pin(async move {
        tokio::task::yield_now().await;
        map.get(&key).map(String::as_str).ok_or(Failure::Empty)
    })
}

#[measured(name = "aliased_block")]
fn is_a_block_behind_an_alias(text: &str) -> BoxFuture<'_, Answer<Box<dyn Display + '_>>> {
    Box::pin(async move {
        tokio::task::yield_now().await;
        if text.is_empty() {
            return Err(Failure::Empty);
        }
        Ok(Box::new(text) as Box<dyn Display>)
    })
}

#[measured(name = "aliased_local")]
fn returns_an_alias_of_its_own(shared: &Rc<Cell<u32>>) -> elsewhere::LocalBoxFuture<'_, u32> {
    Box::pin(async move {
        let n = shared.get();
        tokio::task::yield_now().await;
        if n == 0 {
            return Err(Failure::Empty);
        }
        Ok(n)
    })
}

#[tokio::test(start_paused = true)]
async fn a_future_behind_an_alias_is_measured_itself() {
    let map = BTreeMap::from([(1, "one".into())]);
    assert_eq!(returns_an_alias(&map, 1).await, Ok("one"));
    assert_eq!(returns_an_alias(&map, 0).await, Err(Failure::Empty));
    let shown = is_a_block_behind_an_alias("a").await.expect("not empty");
    assert_eq!(shown.to_string(), "a");
    assert!(is_a_block_behind_an_alias("").await.is_err());
    assert_eq!(
        returns_an_alias_of_its_own(&Rc::new(Cell::new(3))).await,
        Ok(3)
    );
    assert!(returns_an_alias_of_its_own(&Rc::default()).await.is_err());
    // Begun and dropped: only a future that is measured itself can be cancelled.
    let mut context = Context::from_waker(Waker::noop());
    assert!(
        returns_an_alias(&map, 1)
            .as_mut()
            .poll(&mut context)
            .is_pending()
    );
    assert!(
        is_a_block_behind_an_alias("a")
            .as_mut()
            .poll(&mut context)
            .is_pending()
    );
    if cfg!(feature = "measure") {
        let report = perfkit::report();
        for (name, cancelled) in [("aliased", 1), ("aliased_block", 1), ("aliased_local", 0)] {
            let row = report.operation(name).expect("it is listed");
            let ended = ["ok", "error", "cancelled"].map(|how| row.part("outcomes", how));
            assert_eq!(ended, [Some(1), Some(1), Some(cancelled)], "{name}");
        }
    }
}

#[test]
fn async_answers_as_it_would_alone() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        unit().await;
        let cell = Cell::new(0);
        unit_with_return(&cell).await;
        assert_eq!(cell.get(), 7);
        assert_eq!(early_return(-1).await, Err(Failure::Empty));
        assert_eq!(early_return(1).await, Ok(1));
        assert_eq!(question_mark("1").await.expect("a number"), 2);
        assert!(question_mark("x").await.is_err());
        assert_eq!(rejected_by_a_closure().await, Some(1));
        assert_eq!(rejected_by_a_path().await, Ok(1));
        assert_eq!(moved_argument("a".into(), (1, 2)).await, Ok("a".into()));
        assert_eq!(mutable_argument(vec![], String::new()).await, [4]);
        assert_eq!(elided(" a ").await, "a");
        *reborrows(&mut vec![]).await += 1;
        assert_eq!(coerces(&vec![1]).await, Some(&[1][..]));
        assert_eq!(boxes_a_trait(true).await.to_string(), "1");
        assert_eq!(boxes_a_trait(false).await.to_string(), "narrow");
        assert_eq!(boxes_a_closure(1).await.expect("not zero")(2), 3);
        assert_eq!(generic([1, 2]).await, Ok(vec![1, 2]));
        assert_eq!(impl_inside(2).await.map(Iterator::count), Ok(2));
        assert_eq!(impl_in(1).await, "1");
        assert_eq!(impl_of_a_closure().await(&1), 2);
        assert_eq!(not_send(Rc::default()).await, 1);
        assert_eq!(recursion(4).await, Ok(10));
        // SAFETY: the number lives through the call.
        assert_eq!(unsafe { not_safe(&4) }.await, 4);
        assert_eq!(returns_a_future(1).await, Ok(2));
        assert_eq!(returns_a_borrowing_future(" a ").await, "a");
        let map = BTreeMap::from([(1, "one".into())]);
        assert_eq!(returns_a_boxed_future(&map, 1).await, Some("one"));
        assert_eq!(returns_a_boxed_future(&map, 0).await, None);
        assert_eq!(is_a_boxed_block(1).await, Some(1));
        assert_eq!(is_a_boxed_block(0).await, None);
    });
}

#[tokio::test(start_paused = true)]
async fn a_future_that_never_ends_can_be_dropped() {
    let waited = tokio::time::timeout(Duration::from_secs(1), never()).await;
    assert!(waited.is_err());
}

#[test]
fn a_future_stays_send_when_its_body_is() {
    fn send<T: Send>(future: T) -> T {
        future
    }
    drop(send(early_return(1)));
    drop(send(moved_argument(String::new(), (1, 2))));
    drop(send(returns_a_future(1)));
    drop(send(question_mark("1")));
}
