use perfkit::batched;

#[batched]
async fn no_arguments() -> Vec<u64> {
    Vec::new()
}

#[batched]
async fn no_vec(id: u64) -> u64 {
    id
}

#[batched]
async fn two_vecs(ids: Vec<u64>, names: Vec<String>) -> Vec<u64> {
    drop(names);
    ids
}

#[batched]
async fn borrowed_items(names: Vec<&str>) -> Vec<usize> {
    names.iter().map(|name| name.len()).collect()
}

#[batched]
async fn borrowed_key(tenant: &str, ids: Vec<u64>) -> Vec<usize> {
    ids.iter().map(|_| tenant.len()).collect()
}

#[batched]
async fn unnamed_key(tenant: impl AsRef<str>, ids: Vec<u64>) -> Vec<usize> {
    ids.iter().map(|_| tenant.as_ref().len()).collect()
}

struct Repo;

impl Repo {
    #[batched]
    async fn load(&self, ids: Vec<u64>) -> Vec<u64> {
        ids
    }

    #[batched]
    async fn change(&mut self, ids: Vec<u64>) -> Vec<u64> {
        ids
    }
}

fn main() {}
