use std::rc::Rc;

use perfkit::batched;

struct Tenant;

struct NoRoom;

#[batched]
async fn key_without_eq(tenant: Tenant, ids: Vec<u64>) -> Vec<u64> {
    drop(tenant);
    ids
}

#[batched]
async fn local_items(items: Vec<Rc<u64>>) -> Vec<u64> {
    items.iter().map(|item| **item).collect()
}

#[batched]
async fn no_answer_for_each(ids: Vec<u64>) -> u64 {
    ids.len() as u64
}

#[batched]
async fn no_place_for_a_rejection(ids: Vec<u64>) -> Result<Vec<u64>, NoRoom> {
    Ok(ids)
}

#[batched(dedupe)]
async fn not_comparable(items: Vec<f64>) -> Vec<f64> {
    items
}

fn main() {}
