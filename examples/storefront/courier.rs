//! Shipping: a courier's HTTP service that has a bad day, and the client that the shop has for it.
//!
//! The service is real code on a real socket of this machine. It is well at first, but for an error now and then; after a
//! second and a half it breaks down, answers with errors or not at all, and after a second and a half more it is well
//! again. The shop goes on selling all the while: what a single error needs is another attempt, what a breakdown needs is
//! to be left alone, and what a customer needs is an answer.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use perfkit::{
    Class, Classify, breaker, bulkhead, fallback, measured, rate_limited, retry, timeout,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use crate::chance::{Purpose, draw};

/// What a parcel costs when the courier cannot be asked.
const FLAT_CENTS: u32 = 590;

/// Why there is no quote.
#[derive(Debug, thiserror::Error)]
pub enum CourierError {
    #[error("the courier answered {0}")]
    Status(StatusCode),
    #[error("the courier's answer is no price: {0:?}")]
    Unexpected(String),
    #[error("the courier cannot be reached")]
    Unreachable(#[from] std::io::Error),
    #[error("the courier does not speak HTTP")]
    Protocol(#[from] hyper::Error),
    #[error(transparent)]
    Request(#[from] hyper::http::Error),
    #[error(transparent)]
    Rejected(#[from] perfkit::Rejected),
}

/// Said once, for every policy: an answer that makes no sense is not asked for again.
impl Classify for CourierError {
    fn class(&self) -> Class {
        match self {
            Self::Unexpected(_) | Self::Request(_) => Class::Permanent,
            Self::Rejected(rejected) => Class::of_rejection(rejected),
            Self::Status(_) | Self::Unreachable(_) | Self::Protocol(_) => Class::Transient,
        }
    }
}

/// The shop's side.
#[derive(Clone, Copy)]
pub struct Courier {
    service: SocketAddr,
}

impl Courier {
    pub const fn new(service: SocketAddr) -> Self {
        Self { service }
    }

    /// What the shipping of an order costs, in cents; a flat rate when the courier does not say.
    ///
    /// Read from the top: whatever fails, there is an answer; a failed attempt is made again, at most twice and after a
    /// moment; after five failures in a row nobody is sent to the courier for a while; he is asked no more often than
    /// agreed, by no more than eight at a time, and each for a twentieth of a second.
    #[measured]
    #[fallback(value = Ok(FLAT_CENTS))]
    #[retry(attempts = 3, delay = "5ms")]
    #[breaker(threshold = 5, reset = "250ms")]
    #[rate_limited("2000/s")]
    #[bulkhead(8)]
    #[timeout("50ms")]
    pub async fn quote(&self, order: u32) -> Result<u32, CourierError> {
        let stream = TcpStream::connect(self.service).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let request = Request::get(format!("/quote/{order}")).body(Empty::<Bytes>::new())?;
        let answer = sender.send_request(request).await?;
        if !answer.status().is_success() {
            return Err(CourierError::Status(answer.status()));
        }
        let price = answer.into_body().collect().await?.to_bytes();
        let price = String::from_utf8_lossy(&price);
        price
            .parse()
            .map_err(|_| CourierError::Unexpected(price.into_owned()))
    }
}

/// Starts the courier's service on a free port of this machine; it ends with the runtime.
pub async fn start_service() -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let opened = Instant::now();
    tokio::spawn(async move {
        while let Ok((customer, _)) = listener.accept().await {
            let answer = service_fn(move |request| answer(request, opened.elapsed()));
            let served = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(customer), answer);
            // Who hangs up in the middle of a question ends a connection, not the service.
            tokio::spawn(async move { served.await.ok() });
        }
    });
    Ok(address)
}

async fn answer(
    request: Request<Incoming>,
    open_for: Duration,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let order = request.uri().path().rsplit('/').next();
    let Some(order) = order.and_then(|order| order.parse::<u32>().ok()) else {
        return Ok(failed(StatusCode::NOT_FOUND));
    };
    let is_down = (1_500..3_000).contains(&open_for.as_millis());
    match draw(order, Purpose::Shipping, 100) {
        // Longer than anybody waits.
        0..50 if is_down => tokio::time::sleep(Duration::from_secs(10)).await,
        _ if is_down => return Ok(failed(StatusCode::SERVICE_UNAVAILABLE)),
        // Each time: another attempt of the same order fails as well.
        0 => return Ok(failed(StatusCode::BAD_GATEWAY)),
        1..4 if open_for.subsec_nanos().is_multiple_of(2) => {
            return Ok(failed(StatusCode::BAD_GATEWAY));
        }
        _ => {}
    }
    tokio::time::sleep(Duration::from_micros(
        500 + u64::from(draw(order, Purpose::Delay, 2_000)),
    ))
    .await;
    let cents = 390 + draw(order, Purpose::Shipping, 400);
    Ok(Response::new(Full::from(cents.to_string())))
}

fn failed(status: StatusCode) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    answer
}
