use perfkit::{Rejected, timeout};

#[derive(Debug)]
struct MyError;

#[timeout("2s", reject = |_| Err(MyError))]
async fn gives_an_answer() -> Result<u32, MyError> {
    Ok(1)
}

fn mapped(_: Rejected, _: u32) -> MyError {
    MyError
}

#[timeout("2s", reject = mapped)]
async fn takes_too_much() -> Result<u32, MyError> {
    Ok(1)
}

#[timeout("2s", reject)]
async fn nothing() -> Result<u32, MyError> {
    Ok(1)
}

fn main() {
    drop((gives_an_answer(), takes_too_much(), nothing()));
}
