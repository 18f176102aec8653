use perfkit::cached;

struct Pool;

#[cached]
fn argument(pool: &Pool, id: u64) -> u64 {
    let _ = pool;
    id
}

impl Pool {
    #[cached]
    fn method(&self, id: u64) -> u64 {
        id
    }
}

#[cached(key = *pool)]
fn expression(pool: &&'static Pool) -> u64 {
    let _ = pool;
    1
}

fn main() {
    argument(&Pool, 1);
    Pool.method(1);
    expression(&&Pool);
}
