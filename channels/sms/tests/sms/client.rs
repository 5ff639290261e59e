//! Carriers that we dial, and carriers that call us.

use tokio::net::TcpListener;

use super::*;

pub(super) async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

pub(super) fn link(name: &str, addresses: &[SocketAddr], more: &str) -> String {
    let addresses: Vec<String> = addresses.iter().map(|address| format!("\"{address}\"")).collect();
    format!(
        "[[link]]\nname = \"{name}\"\naddresses = [{}]\nsystem_id = \"verigate\"\n\
         password = {{ password_env = \"X\" }}\n{more}\n",
        addresses.join(", ")
    )
}

#[tokio::test]
async fn we_dial_and_answer_by_submitting() {
    let (smsc, address) = listener().await;
    let channel = Channel::start(&link("carrier", &[address], "")).await;
    let (mut peer, kind) = Peer::accept(&smsc).await;
    assert_eq!(kind, BindKind::Transceiver);
    let (ticket, reply) = peer.asks(Carrier::Deliver, "8613800138000", NUMBER).await;
    assert_eq!((ticket.carrier, &*reply.from.text), (Carrier::Submit, "12365"));
    assert!(reply.validity.ends_with("000R"), "{}", reply.validity);
    peer.answer(ticket, Status::OK, "4711").await;
    until("its end", || channel.core.deliveries().len() == 1).await;
    channel.stop().await;
}

#[tokio::test]
async fn the_next_address_is_dialled_where_one_is_dead_and_again_where_all_are() {
    let (dead, nobody) = listener().await;
    drop(dead);
    let (smsc, address) = listener().await;
    let channel = Channel::start(&link("carrier", &[nobody, address], "")).await;
    let (first, _) = Peer::accept(&smsc).await;
    drop(first);
    // Round again: the dead one, the live one.
    let (mut peer, _) = Peer::accept(&smsc).await;
    peer.asks(Carrier::Deliver, "8613800138000", NUMBER).await;
    channel.stop().await;
}

#[tokio::test]
async fn a_pair_receives_by_one_connection_and_sends_by_the_other() {
    let (smsc, address) = listener().await;
    let channel = Channel::start(&link("carrier", &[address], "bind = \"pair\"")).await;
    let (one, kind) = Peer::accept(&smsc).await;
    let (other, _) = Peer::accept(&smsc).await;
    let (mut receiver, mut transmitter) = if kind == BindKind::Receiver { (one, other) } else { (other, one) };
    for nth in 0..3 {
        let key = receiver.send(Carrier::Deliver, &format!("861380013800{nth}"), NUMBER);
        assert!(matches!(receiver.answer_to(key, &mut Vec::new()).await, Outcome::Taken { .. }));
        let (ticket, _) = transmitter.message().await;
        transmitter.answer(ticket, Status::OK, "1").await;
    }
    channel.stop().await;
}

#[tokio::test]
async fn a_full_carrier_is_given_a_pause_and_then_the_same_reply() {
    let (smsc, address) = listener().await;
    let channel = Channel::start(&link("carrier", &[address], "")).await;
    let (mut peer, _) = Peer::accept(&smsc).await;
    let (ticket, first) = peer.asks(Carrier::Deliver, "8613800138000", NUMBER).await;
    peer.answer(ticket, Status::THROTTLED, "").await;
    let (ticket, again) = peer.message().await;
    assert_eq!(first.short_message, again.short_message);
    peer.answer(ticket, Status::OK, "1").await;
    until("its end", || channel.core.deliveries().len() == 1).await;
    assert_eq!((channel.counted("carrier", "put_off"), channel.counted("carrier", "resent")), (1, 0));
    channel.stop().await;
}

#[tokio::test]
async fn a_reply_that_is_refused_for_good_ends() {
    let (smsc, address) = listener().await;
    let channel = Channel::start(&link("carrier", &[address], "")).await;
    let (mut peer, _) = Peer::accept(&smsc).await;
    let (ticket, _) = peer.asks(Carrier::Deliver, "8613800138000", NUMBER).await;
    peer.answer(ticket, Status::INVALID_DESTINATION, "").await;
    until("its end", || channel.core.deliveries().len() == 1).await;
    assert_eq!(channel.core.deliveries()[0].1, contract::Delivery::Refused);
    channel.stop().await;
}

#[tokio::test]
async fn other_settings_touch_only_the_links_that_they_change() {
    let ((one, at_one), (other, at_other)) = (listener().await, listener().await);
    let (kept, gone) = (link("kept", &[at_one], ""), link("gone", &[at_other], ""));
    let channel = Channel::start(&format!("{kept}{gone}")).await;
    let (mut stays, _) = Peer::accept(&one).await;
    let (mut leaves, _) = Peer::accept(&other).await;
    until("both", || channel.counted("kept", "binds") + channel.counted("gone", "binds") == 2).await;
    channel.operator.reload(settings(&format!("{kept}{}", link("fresh", &[at_other], "")))).unwrap();
    assert_eq!(leaves.over_with().await, Over::PeerLeft);
    let (mut fresh, _) = Peer::accept(&other).await;
    stays.asks(Carrier::Deliver, "8613800138000", NUMBER).await;
    fresh.asks(Carrier::Deliver, "8613800138001", NUMBER).await;
    assert_eq!(channel.counted("kept", "binds"), 1);
    channel.stop().await;
}

#[tokio::test]
async fn links_of_a_group_send_for_each_other() {
    let ((one, at_one), (other, at_other)) = (listener().await, listener().await);
    let group = "group = \"carriers\"";
    let receiver = link("receives", &[at_one], &format!("{group}\nbind = \"receiver\""));
    let channel = Channel::start(&format!("{receiver}{}", link("sends", &[at_other], group))).await;
    let (mut receives, _) = Peer::accept(&one).await;
    let (mut sends, _) = Peer::accept(&other).await;
    let key = receives.send(Carrier::Deliver, "8613800138000", NUMBER);
    assert!(matches!(receives.answer_to(key, &mut Vec::new()).await, Outcome::Taken { .. }));
    let (ticket, _) = sends.message().await;
    sends.answer(ticket, Status::OK, "1").await;
    until("its end", || channel.core.deliveries().len() == 1).await;
    channel.stop().await;
}

#[tokio::test]
async fn an_smsc_that_calls_is_bound_to_on_its_own_connection() {
    let called = "called_as = { system_id = \"smsc\", password = { password_env = \"X\" } }\nbind = \"pair\"";
    let config = format!("[[server]]\nlisten = \"127.0.0.1:0\"\n{}", link("carrier", &[], called));
    let channel = Channel::start(&config).await;
    let mut session = Session::accepting(Limits::default(), now());
    session.call("smsc".to_owned(), Secret("secret".to_owned()));
    let mut peer = Peer::over(session, TcpStream::connect(channel.server()).await.unwrap());
    assert!(matches!(peer.event().await, Event::BindAsked { kind: BindKind::Receiver, .. }));
    peer.session.admit("smsc", 0x34);
    assert!(matches!(peer.event().await, Event::Bound { .. }));
    let key = peer.send(Carrier::Deliver, "8613800138000", NUMBER);
    assert!(matches!(peer.answer_to(key, &mut Vec::new()).await, Outcome::Taken { .. }));

    let mut session = Session::accepting(Limits::default(), now());
    session.call("smsc".to_owned(), Secret("wrong".to_owned()));
    let mut stranger = Peer::over(session, TcpStream::connect(channel.server()).await.unwrap());
    assert_eq!(stranger.over_with().await, Over::Broken);
    channel.stop().await;
}

#[tokio::test]
async fn whoever_guesses_at_outbinds_is_slowed_down_as_at_binds() {
    let called = "called_as = { system_id = \"smsc\", password = { password_env = \"X\" } }";
    let config = format!("[[server]]\nlisten = \"127.0.0.1:0\"\n{}", link("carrier", &[], called));
    let channel = Channel::start(&config).await;
    for password in ["wrong", "wrong", "wrong", "secret"] {
        let mut session = Session::accepting(Limits::default(), now());
        session.call("smsc".to_owned(), Secret(password.to_owned()));
        let mut peer = Peer::over(session, TcpStream::connect(channel.server()).await.unwrap());
        assert_eq!(peer.over_with().await, Over::Broken, "{password}: nobody is shown our password");
    }
    channel.stop().await;
}

#[tokio::test]
async fn an_account_that_is_owed_a_reply_is_called() {
    let (esme, at_esme) = listener().await;
    let call = format!(
        "call = {{ address = \"{at_esme}\", system_id = \"verigate\", password = {{ password_env = \"X\" }} }}\nbinds = 3"
    );
    let channel = Channel::start(&SERVER.replace("binds = 3", &call)).await;
    let mut transmitter = Peer::bound(channel.server(), BindKind::Transmitter).await;
    let key = transmitter.send(Carrier::Submit, "8613800138000", NUMBER);
    transmitter.answer_to(key, &mut Vec::new()).await;
    drop(transmitter);
    let (stream, _) = soon("the call", esme.accept()).await.unwrap();
    let mut called = Peer::over(Session::accepting(Limits::default(), now()), stream);
    match called.event().await {
        Event::OutbindAsked { system_id, password } => assert_eq!((&*system_id, &*password.0), ("verigate", "secret")),
        other => panic!("no call: {other:?}"),
    }
    let bind = Bind {
        system_id: "carrier".to_owned(),
        password: Secret("secret".to_owned()),
        version: 0x34,
        ..Bind::default()
    };
    called.session.bind(BindKind::Receiver, bind, now());
    assert!(matches!(called.event().await, Event::Bound { .. }));
    let (ticket, _) = called.message().await;
    called.answer(ticket, Status::OK, "").await;
    until("its end", || channel.core.deliveries().len() == 1).await;
    channel.stop().await;
}

#[tokio::test]
async fn receipts_find_their_replies() {
    let (smsc, address) = listener().await;
    let channel = Channel::start(&link("carrier", &[address], "receipts = \"always\"")).await;
    let (mut peer, _) = Peer::accept(&smsc).await;
    let (ticket, reply) = peer.asks(Carrier::Deliver, "8613800138000", NUMBER).await;
    assert_eq!(reply.registered_delivery, 1);
    peer.answer(ticket, Status::OK, "0e999f21").await;
    let text = "id:244948769 sub:001 dlvrd:001 submit date:2611261200 done date:2611261201 stat:DELIVRD err:000 text:";
    let key = peer.send(Carrier::Deliver, "8613800138000", text);
    assert!(matches!(peer.answer_to(key, &mut Vec::new()).await, Outcome::Taken { .. }));
    assert_eq!((channel.counted("carrier", "delivered"), channel.counted("carrier", "unmatched")), (1, 0));
    channel.stop().await;
}

#[tokio::test]
async fn a_reply_that_never_arrived_is_told_of_though_it_was_taken() {
    let (smsc, address) = listener().await;
    let channel = Channel::start(&link("carrier", &[address], "receipts = \"on_failure\"")).await;
    let (mut peer, _) = Peer::accept(&smsc).await;
    let (ticket, _) = peer.asks(Carrier::Deliver, "8613800138000", NUMBER).await;
    peer.answer(ticket, Status::OK, "0e999f21").await;
    until("its end", || channel.core.deliveries().len() == 1).await;
    let text = "id:244948769 sub:001 dlvrd:000 submit date:2611261200 done date:2611261201 stat:UNDELIV err:001 text:";
    let key = peer.send(Carrier::Deliver, "8613800138000", text);
    assert!(matches!(peer.answer_to(key, &mut Vec::new()).await, Outcome::Taken { .. }));
    until("what the receipt says", || channel.core.deliveries().len() == 2).await;
    let told: Vec<_> = channel.core.deliveries().into_iter().map(|(_, delivery)| delivery).collect();
    assert_eq!(told, [contract::Delivery::Delivered, contract::Delivery::Undelivered]);
    assert_eq!(channel.counted("carrier", "failed"), 1);
    channel.stop().await;
}
