//! Numbers that look drawn and are the same in every run, on every machine.

/// Scatters a number over all 64 bits (the finalizer of `SplitMix64`; Steele, Lea and Flood, OOPSLA 2014).
fn scatter(number: u32, purpose: Purpose) -> u64 {
    let mut bits = (u64::from(number) << 8 | purpose as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// A draw from `0..bound`, which depends on nothing but `number` and `purpose`.
pub fn draw(number: u32, purpose: Purpose, bound: u32) -> u32 {
    let drawn = (u128::from(scatter(number, purpose)) * u128::from(bound)) >> 64;
    u32::try_from(drawn).unwrap_or(bound)
}

/// What is drawn; the same number draws something else for each of them.
#[derive(Debug, Clone, Copy)]
pub enum Purpose {
    Delisted,
    Price,
    Pieces,
    Purchase,
    Verdict,
    Delay,
    Shipping,
}
