use perfkit::pooled;

#[derive(Debug)]
struct MyError;

#[pooled]
fn connect() -> Result<u32, MyError> {
    Err(MyError)
}

fn main() {
    let _ = connect();
}
