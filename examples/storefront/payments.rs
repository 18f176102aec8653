//! Payments: a provider behind a socket, which is mostly quick, and the client the shop has for it.
//!
//! The provider is real code on a real socket of this machine; only its moods are drawn. Now and then it takes far
//! longer than a customer would wait, and that is what `#[timeout]` is for.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use perfkit::{measured, timeout};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};

use crate::chance::{Purpose, draw};

/// Why a payment did not happen.
#[derive(Debug, thiserror::Error)]
pub enum PaymentError {
    #[error("the payment of order {0} was declined")]
    Declined(u32),
    #[error("the payment provider answered {0:?}")]
    Unexpected(String),
    #[error("the payment provider cannot be reached")]
    Unreachable(#[from] io::Error),
    /// What `#[timeout]` answers in place of the function. This line is all it needs.
    #[error(transparent)]
    Rejected(#[from] perfkit::Rejected),
}

/// The shop's side.
#[derive(Clone, Copy)]
pub struct Till {
    provider: SocketAddr,
}

impl Till {
    pub const fn new(provider: SocketAddr) -> Self {
        Self { provider }
    }

    /// Charges an order. A call that takes longer than the limit is dropped where it waits: the socket closes, and the
    /// caller gets its answer.
    #[measured(slow = "100ms")]
    #[timeout("250ms")]
    pub async fn charge(&self, order: u32, cents: u32) -> Result<(), PaymentError> {
        let mut provider = self.connect().await?;
        provider
            .write_all(format!("charge {order} {cents}\n").as_bytes())
            .await?;
        provider.flush().await?;
        let mut answer = String::new();
        provider.read_line(&mut answer).await?;
        match answer.trim_end() {
            "approved" => Ok(()),
            "declined" => Err(PaymentError::Declined(order)),
            other => Err(PaymentError::Unexpected(other.to_owned())),
        }
    }

    /// A connection for every charge, as code begins.
    #[measured]
    async fn connect(&self) -> io::Result<BufStream<TcpStream>> {
        TcpStream::connect(self.provider).await.map(BufStream::new)
    }
}

/// Starts the provider on a free port of this machine; it ends with the runtime.
pub async fn start_provider() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        // Whoever hangs up in the middle of a charge (a timeout, say) ends a connection, not the provider.
        while let Ok((customer, _)) = listener.accept().await {
            tokio::spawn(answer(BufStream::new(customer)));
        }
    });
    Ok(address)
}

async fn answer(mut customer: BufStream<TcpStream>) -> io::Result<()> {
    let mut request = String::new();
    customer.read_line(&mut request).await?;
    let order = request
        .strip_prefix("charge ")
        .and_then(|charge| charge.split_once(' '))
        .and_then(|(order, _cents)| order.parse().ok());
    let answer = match order {
        None => "not understood\n",
        Some(order) => {
            tokio::time::sleep(thinking_time(order)).await;
            match draw(order, Purpose::Verdict, 25) {
                0 => "declined\n",
                _ => "approved\n",
            }
        }
    };
    customer.write_all(answer.as_bytes()).await?;
    customer.flush().await
}

/// 5 to 30 ms; two payments in a hundred hang for a second.
fn thinking_time(order: u32) -> Duration {
    match draw(order, Purpose::Delay, 10_000) {
        0..200 => Duration::from_secs(1),
        drawn => Duration::from_micros(5_000 + u64::from(drawn) * 5 / 2),
    }
}
