//! Networks that lose what they carry: a relay between the channel and its carrier that stops passing octets on.
//!
//! On real sockets: the channel's own are what is tested, so nothing is put in their place.

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::client::{link, listener};
use super::*;

/// Passes octets between whoever connects and a carrier, for as long as it is let.
struct Relay {
    address: SocketAddr,
    passing: watch::Sender<bool>,
    accepted: Arc<std::sync::atomic::AtomicUsize>,
}

impl Relay {
    async fn to(carrier: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let passing = watch::Sender::new(true);
        let accepted = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let (let_through, count) = (passing.clone(), Arc::clone(&accepted));
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let Ok(far) = TcpStream::connect(carrier).await else { continue };
                let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                tokio::spawn(pass(near_in, far_out, let_through.subscribe()));
                tokio::spawn(pass(far_in, near_out, let_through.subscribe()));
            }
        });
        Self { address, passing, accepted }
    }

    /// From now on octets are taken and lost, on all connections there are.
    fn lose(&self) {
        self.passing.send_replace(false);
    }

    /// New connections work; the old ones stay as they are.
    fn mend(&self) {
        self.passing.send_replace(true);
    }

    fn connections(&self) -> usize {
        self.accepted.load(std::sync::atomic::Ordering::Relaxed)
    }
}

async fn pass(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    passing: watch::Receiver<bool>,
) {
    let mut octets = vec![0; 64 * 1024];
    let mut lost = false;
    loop {
        match from.read(&mut octets).await {
            Ok(0) | Err(_) if !lost => return,
            // Half open: neither end learns of the other's.
            Ok(0) | Err(_) => std::future::pending().await,
            Ok(read) => {
                lost |= !*passing.borrow();
                if !lost && to.write_all(&octets[..read]).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Notices silence within two seconds.
const QUICK: &str = "limits = { bind_s = 2, enquire_s = 1, response_s = 1 }";

#[tokio::test]
async fn a_carrier_that_is_silent_is_dialled_again() {
    let (smsc, carrier) = listener().await;
    let relay = Relay::to(carrier).await;
    let channel = Channel::start(&link("carrier", &[relay.address], QUICK)).await;
    let (_silent, _) = Peer::accept(&smsc).await;
    until("the bind", || channel.counted("carrier", "binds") == 1).await;
    relay.lose();
    until("another connection", || relay.connections() >= 2).await;
    relay.mend();
    let mut peer = bound_again(&smsc).await;
    let (ticket, _) = peer.asks(Carrier::Deliver, "8613800138000", NUMBER).await;
    peer.answer(ticket, Status::OK, "1").await;
    until("its end", || channel.core.deliveries().len() == 1).await;
    channel.stop().await;
}

#[tokio::test]
async fn a_reply_that_was_under_way_when_the_network_broke_goes_out_once_more() {
    let (smsc, carrier) = listener().await;
    let relay = Relay::to(carrier).await;
    let channel = Channel::start(&link("carrier", &[relay.address], QUICK)).await;
    let (mut peer, _) = Peer::accept(&smsc).await;
    channel.core.hold();
    peer.send(Carrier::Deliver, "8613800138000", NUMBER);
    peer.flush().await;
    until("the inquiry", || channel.core.asked().len() == 1).await;
    relay.lose();
    channel.core.release();
    until("the reply into the dark", || channel.counted("carrier", "segments_out") == 1).await;
    until("the end of silence", || relay.connections() >= 2).await;
    relay.mend();
    // The carrier heard no answer and sends its text again; the reply of the first stands.
    let mut again = bound_again(&smsc).await;
    let (ticket, reply) = again.asks(Carrier::Deliver, "8613800138000", NUMBER).await;
    again.answer(ticket, Status::OK, "1").await;
    assert_eq!(reply.to.text, "8613800138000");
    until("its end", || channel.core.deliveries().len() == 1).await;
    assert_eq!((channel.core.recorded(), channel.counted("carrier", "resent")), (1, 1));
    assert_eq!(channel.counted("carrier", "repeated"), 1);
    channel.stop().await;
}

/// The first connection that is not one into the dark.
async fn bound_again(smsc: &TcpListener) -> Peer {
    loop {
        let (stream, _) = soon("a connection", smsc.accept()).await.unwrap();
        let mut peer = Peer::over(Session::accepting(Limits::default(), now()), stream);
        if let Ok(Event::BindAsked { .. }) = tokio::time::timeout(Duration::from_secs(2), peer.event()).await {
            peer.session.admit("smsc", 0x34);
            assert!(matches!(peer.event().await, Event::Bound { .. }));
            return peer;
        }
    }
}
