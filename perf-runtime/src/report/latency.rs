//! Durations by frequency as the report shows them: exact ends, the usual quantiles, mean and spread.
//!
//! Everything is read off the buckets. A quantile is the nearest rank (the smallest duration that at least this share of
//! all durations does not exceed), given as the middle of its bucket, never outside the exact minimum and maximum. The
//! buckets stay in the process: they make an `hdrhistogram::Histogram` on request and are not part of the report's text.

use serde::{Deserialize, Serialize};

use crate::snapshot::{Bucket, Histogram};

/// A histogram of durations, summed up. `None` is unknown: there is no shortest of no calls.
///
/// Two are equal when what they show is equal; the buckets behind them, which a parsed report does not have, are not
/// compared.
///
/// ```
/// use perfkit::report::Latency;
/// use perfkit::snapshot::{Bucket, Histogram};
///
/// let latency = Latency::from(Histogram {
///     count: 4,
///     sum_ns: 1_300.0,
///     min_ns: Some(100),
///     max_ns: Some(1_000),
///     buckets: vec![
///         Bucket { low_ns: 100, high_ns: 101, count: 3 },
///         Bucket { low_ns: 996, high_ns: 1_004, count: 1 },
///     ],
/// });
/// assert_eq!(latency.p50_ns, Some(100));
/// assert_eq!(latency.p99_ns, Some(1_000));
/// assert_eq!(latency.mean_ns, Some(325.0));
/// ```
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Latency {
    /// How many durations.
    pub count: u64,
    /// Their sum, in seconds.
    pub total_seconds: f64,
    /// The shortest, exact.
    pub min_ns: Option<u64>,
    /// The mean, exact to a tenth of a nanosecond.
    pub mean_ns: Option<f64>,
    /// The standard deviation of the whole population, within 1 %.
    pub stddev_ns: Option<f64>,
    /// Half of all durations are not longer; within 1 %, as are all quantiles.
    pub p50_ns: Option<u64>,
    /// 90 % are not longer.
    pub p90_ns: Option<u64>,
    /// 95 % are not longer.
    pub p95_ns: Option<u64>,
    /// 99 % are not longer.
    pub p99_ns: Option<u64>,
    /// 99.9 % are not longer.
    pub p999_ns: Option<u64>,
    /// The longest, exact.
    pub max_ns: Option<u64>,
    #[serde(skip)]
    buckets: Vec<Bucket>,
}

impl PartialEq for Latency {
    fn eq(&self, other: &Self) -> bool {
        let shown = |l: &Self| {
            (
                (l.count, l.total_seconds, l.mean_ns, l.stddev_ns),
                (l.min_ns, l.p50_ns, l.p90_ns, l.p95_ns),
                (l.p99_ns, l.p999_ns, l.max_ns),
            )
        };
        shown(self) == shown(other)
    }
}

const QUANTILES: [f64; 5] = [0.5, 0.9, 0.95, 0.99, 0.999];

impl From<Histogram> for Latency {
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts and nanoseconds far below 2^53 lose nothing that shows, and none is negative"
    )]
    fn from(histogram: Histogram) -> Self {
        let Histogram {
            count,
            sum_ns,
            min_ns,
            max_ns,
            buckets,
        } = histogram;
        let sum_ns = if sum_ns.is_finite() {
            sum_ns.max(0.0) + 0.0
        } else {
            0.0
        }; // never -0.0
        let mean_ns = (count > 0).then(|| sum_ns / count as f64);
        // Buckets are read after the count, so their own sum is the one ranks refer to.
        let held = buckets
            .iter()
            .fold(0_u64, |sum, b| sum.saturating_add(b.count));
        let filled = || buckets.iter().filter(|bucket| bucket.count > 0);
        let (shortest, longest) = (min_ns.unwrap_or(0), max_ns.unwrap_or(u64::MAX));
        let middle = |bucket: &Bucket| {
            let width = bucket.high_ns.saturating_sub(bucket.low_ns);
            let middle = bucket.low_ns.saturating_add(width / 2);
            middle.min(longest).max(shortest)
        };
        // A rank is the smallest whole number that is not below the share.
        let ranks = QUANTILES.map(|q| (q * held as f64).ceil() as u64);
        let mut passed = 0_u64;
        let mut left = filled();
        let mut last = None;
        let quantiles = ranks.map(|rank| {
            while passed < rank
                && let Some(bucket) = left.next()
            {
                passed = passed.saturating_add(bucket.count);
                last = Some(bucket);
            }
            last.map(middle)
        });
        let mean = mean_ns.unwrap_or(0.0);
        let squares = filled().fold(0.0, |sum, bucket| {
            sum + bucket.count as f64 * (middle(bucket) as f64 - mean).powi(2)
        });
        let [p50, p90, p95, p99, p999] = quantiles;
        let tenths = |ns: f64| (ns * 10.0).round() / 10.0;
        Self {
            count,
            total_seconds: sum_ns / 1e9,
            min_ns,
            mean_ns: mean_ns.map(tenths),
            stddev_ns: (held > 0).then(|| tenths((squares / held as f64).sqrt())),
            p50_ns: p50,
            p90_ns: p90,
            p95_ns: p95,
            p99_ns: p99,
            p999_ns: p999,
            max_ns,
            buckets,
        }
    }
}

impl Latency {
    /// One of the quantiles the report has (0.5, 0.9, 0.95, 0.99, 0.999), in nanoseconds; nothing for any other.
    ///
    /// ```
    /// let none = perfkit::report::Latency::default();
    /// assert_eq!(none.quantile_ns(0.99), None);
    /// ```
    #[must_use]
    pub fn quantile_ns(&self, quantile: f64) -> Option<u64> {
        let all = [
            self.p50_ns,
            self.p90_ns,
            self.p95_ns,
            self.p99_ns,
            self.p999_ns,
        ];
        let mut known = QUANTILES.iter().zip(all);
        known
            .find(|(q, _)| (**q - quantile).abs() < 1e-9)
            .and_then(|(_, ns)| ns)
    }

    /// The buckets behind the numbers, in rising order; empty in a report that was parsed.
    ///
    /// ```
    /// assert!(perfkit::report::Latency::default().buckets().is_empty());
    /// ```
    #[must_use]
    pub fn buckets(&self) -> &[Bucket] {
        &self.buckets
    }

    /// The same as an `hdrhistogram::Histogram`, for whoever needs its formats or other quantiles.
    ///
    /// It covers 1 ns to one hour, or to the longest duration when that is longer, with three significant digits, and
    /// takes some 250 KB. Durations stand at the middle of their bucket, the shortest and the longest exactly. Nothing
    /// in a report that was parsed, whose buckets are gone.
    ///
    /// ```
    /// use perfkit::report::Latency;
    /// use perfkit::snapshot::{Bucket, Histogram};
    ///
    /// let latency = Latency::from(Histogram {
    ///     count: 3,
    ///     sum_ns: 120.0,
    ///     min_ns: Some(39),
    ///     max_ns: Some(41),
    ///     buckets: vec![Bucket { low_ns: 38, high_ns: 42, count: 3 }],
    /// });
    /// let hdr = latency.to_hdr().ok_or("no buckets")?;
    /// assert_eq!((hdr.len(), hdr.min(), hdr.max()), (3, 39, 41));
    /// # Ok::<_, &str>(())
    /// ```
    #[cfg(feature = "hdrhistogram")]
    #[must_use]
    pub fn to_hdr(&self) -> Option<hdrhistogram::Histogram<u64>> {
        const HOUR_NS: u64 = 3_600_000_000_000;
        if self.buckets.is_empty() && self.count > 0 {
            return None;
        }
        let longest = self.max_ns.unwrap_or(0).max(HOUR_NS);
        let mut hdr = hdrhistogram::Histogram::new_with_bounds(1, longest, 3).ok()?;
        let (mut min, mut max) = (self.min_ns, self.max_ns);
        for bucket in &self.buckets {
            let mut left = bucket.count;
            let mut exact = |end: &mut Option<u64>| {
                let here = |ns: &u64| left > 0 && (bucket.low_ns..bucket.high_ns).contains(ns);
                if let Some(ns) = end.take_if(|ns| here(ns)) {
                    hdr.saturating_record(ns);
                    left -= 1;
                }
            };
            exact(&mut min);
            exact(&mut max);
            let middle = bucket.low_ns + bucket.high_ns.saturating_sub(bucket.low_ns) / 2;
            let middle = middle
                .min(self.max_ns.unwrap_or(u64::MAX))
                .max(self.min_ns.unwrap_or(0));
            hdr.saturating_record_n(middle, left);
        }
        Some(hdr)
    }
}
