use perfkit::timeout;

#[derive(Debug)]
struct MyError;

#[timeout("2s")]
async fn result() -> Result<u32, MyError> {
    Err(MyError)
}

type Answer<T> = Result<T, MyError>;

struct Store;

impl Store {
    #[timeout("2s")]
    async fn alias(&self) -> Answer<u32> {
        Ok(1)
    }
}

fn main() {
    drop(result());
    drop(Store.alias());
}
