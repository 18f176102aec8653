//! A timeout inside another, and the deadline between them.

use tokio::time::{Instant, sleep};

use super::*;

#[tokio::test(start_paused = true)]
async fn a_shorter_limit_inside_fires_by_itself() {
    let (outer, inner) = (site!("outer", 10 * SECOND), site!("inner", SECOND));
    let start = Instant::now();
    let answer = call(outer, async {
        let answer = call(inner, pending::<Answer>()).await;
        assert_eq!(start.elapsed(), SECOND);
        assert_eq!(perfkit::remaining(), Some(9 * SECOND));
        answer
    });
    assert_eq!(rejected_by(answer.await), "inner");
    assert_eq!(
        numbers(inner),
        Numbers {
            timed_out: 1,
            ..NONE
        }
    );
    assert_eq!(
        numbers(outer),
        Numbers {
            completed: 1,
            ..NONE
        }
    );
}

#[tokio::test(start_paused = true)]
async fn a_longer_limit_inside_is_cut_by_the_outer_one_which_answers() {
    for inner in [site!("longer", 10 * SECOND), site!("equal", SECOND)] {
        let outer = site!("cuts", SECOND);
        let before = numbers(outer).timed_out;
        let start = Instant::now();
        let answer = call(outer, async {
            call(inner, async {
                assert_eq!(perfkit::remaining(), Some(SECOND));
                pending::<Answer>().await
            })
            .await
            .or(Ok("the body is not asked any more"))
        });
        assert_eq!(rejected_by(answer.await), "cuts");
        assert_eq!(start.elapsed(), SECOND);
        assert_eq!(numbers(outer).timed_out, before + 1);
        assert_eq!(
            numbers(inner),
            Numbers {
                cancelled: 1,
                ..NONE
            }
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_loop_inside_does_not_outlive_the_outer_limit() {
    let (outer, inner) = (site!("around a loop", 10 * SECOND), site!("tried", SECOND));
    let start = Instant::now();
    let answer = call(outer, async {
        loop {
            if let Ok(answer) = call(inner, pending::<Answer>()).await {
                return Ok(answer);
            }
        }
    });
    assert_eq!(rejected_by(answer.await), "around a loop");
    assert_eq!(start.elapsed(), 10 * SECOND);
    assert_eq!(numbers(inner).timed_out, 9);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_leaves_the_outer_one_keeps_its_deadline() {
    let (outer, inner) = (site!("left", SECOND), site!("leaves", 10 * SECOND));
    let start = Instant::now();
    let leaving = call(outer, async {
        let mut call = Box::pin(call(inner, pending::<Answer>()));
        poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx).is_pending())).await;
        Some(call)
    });
    let left = tokio::spawn(leaving.await.unwrap());
    assert_eq!(rejected_by(left.await.unwrap()), "leaves");
    assert_eq!(start.elapsed(), SECOND);
    assert_eq!(
        numbers(inner),
        Numbers {
            timed_out: 1,
            ..NONE
        }
    );
}

#[tokio::test(start_paused = true)]
async fn the_deadline_is_seen_while_the_body_is_polled_and_not_after() {
    let site = site!("deadline", SECOND);
    let start = Instant::now().into_std();
    let mut running = Box::pin(call(site, async {
        for _ in 0..2 {
            assert_eq!(perfkit::deadline(), Some(start + SECOND));
            sleep(Duration::from_millis(250)).await;
        }
        assert_eq!(perfkit::remaining(), Some(SECOND / 2));
        let spawned = tokio::spawn(async { perfkit::deadline() });
        assert_eq!(
            spawned.await.unwrap(),
            None,
            "not inherited by a spawned task"
        );
        Some(())
    }));
    poll_fn(|cx| Poll::Ready(running.as_mut().poll(cx).is_pending())).await;
    assert_eq!(perfkit::deadline(), None);
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn recursion_ends_at_the_outermost_deadline() {
    fn deeper(
        site: &'static Site<Timeout>,
        depth: u32,
    ) -> Pin<Box<dyn Future<Output = Answer> + Send>> {
        Box::pin(call(site, async move {
            sleep(Duration::from_millis(150)).await;
            if depth == 0 {
                return Ok("bottom");
            }
            deeper(site, depth - 1).await
        }))
    }
    let site = site!("recursion", SECOND);
    assert_eq!(deeper(site, 5).await, Ok("bottom"));
    assert_eq!(numbers(site).completed, 6);
    let start = Instant::now();
    deeper(site, 20).await.unwrap_err();
    assert_eq!(start.elapsed(), SECOND);
    assert_eq!(
        numbers(site),
        Numbers {
            completed: 6,
            timed_out: 1,
            cancelled: 6,
            ..NONE
        }
    );
}
