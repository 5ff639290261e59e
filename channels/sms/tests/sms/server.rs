//! Carriers that bind to us.

use super::*;

#[tokio::test]
async fn a_text_is_acknowledged_answered_and_the_reply_settled() {
    let channel = Channel::start(SERVER).await;
    let mut peer = Peer::bound(channel.server(), BindKind::Transceiver).await;
    let (ticket, reply) = peer.asks(Carrier::Submit, "8613800138000", NUMBER).await;
    assert_eq!(ticket.carrier, Carrier::Deliver);
    assert_eq!((&*reply.from.text, &*reply.to.text, reply.to.ton), ("12365", "8613800138000", 1));
    assert!(channel.core.deliveries().is_empty());
    peer.answer(ticket, Status::OK, "").await;
    until("the end of the reply", || channel.core.deliveries().len() == 1).await;
    assert_eq!(channel.core.deliveries()[0].1, contract::Delivery::Delivered);
    channel.stop().await;
    assert_eq!(peer.over_with().await, Over::PeerLeft, "it was told");
}

#[tokio::test]
async fn a_text_is_answered_in_the_pdu_that_fits_the_one_it_came_in() {
    let channel = Channel::start(SERVER).await;
    let mut peer = Peer::bound(channel.server(), BindKind::Transceiver).await;
    for (from, came, goes) in
        [("8613800138001", Carrier::Submit, Carrier::Deliver), ("8613800138002", Carrier::Data, Carrier::Data)]
    {
        let (ticket, _) = peer.asks(came, from, NUMBER).await;
        assert_eq!(ticket.carrier, goes);
        peer.answer(ticket, Status::OK, "").await;
    }
    // Who dials in and delivers is an SMSC by its manners, and is submitted to: our hand, an ESME, refuses that.
    let key = peer.send(Carrier::Deliver, "8613800138003", NUMBER);
    loop {
        match peer.event().await {
            Event::Deviation { status, .. } => break assert_eq!(status, Status::INVALID_STATE),
            Event::Settled { key: settled, .. } => assert_eq!(settled, key),
            other => panic!("{other:?}"),
        }
    }
    channel.stop().await;
}

#[tokio::test]
async fn a_peer_that_reads_no_optional_parameters_has_every_reply_in_its_own_field() {
    let channel = Channel::start(&SERVER.replace("binds = 3", "binds = 3\ntext = { long = \"payload\" }")).await;
    let bind = Bind {
        system_id: "carrier".to_owned(),
        password: Secret("secret".to_owned()),
        version: 0x33,
        ..Bind::default()
    };
    let session = Session::binding(Limits::default(), BindKind::Transceiver, bind, now());
    let mut peer = Peer::over(session, TcpStream::connect(channel.server()).await.unwrap());
    assert!(matches!(peer.event().await, Event::Bound { .. }));
    let several = "20060425000000000017, 20060425000000000025, 20060425000000000033, 20060425000000000041";
    for (from, came, words) in [("8613800138001", Carrier::Data, NUMBER), ("8613800138002", Carrier::Submit, several)] {
        let (ticket, reply) = peer.asks(came, from, words).await;
        assert_eq!(ticket.carrier, Carrier::Deliver);
        assert!(reply.tlvs.is_empty() && reply.short_message.len() > 60, "{words}: {reply:?}");
        peer.answer(ticket, Status::OK, "").await;
    }
    until("both", || channel.core.deliveries().len() == 2).await;
    channel.stop().await;
}

#[tokio::test]
async fn a_retransmission_by_another_connection_gets_no_second_reply() {
    let channel = Channel::start(SERVER).await;
    let mut first = Peer::bound(channel.server(), BindKind::Transceiver).await;
    let (ticket, _) = first.asks(Carrier::Submit, "8613800138000", NUMBER).await;
    first.answer(ticket, Status::OK, "").await;
    let mut second = Peer::bound(channel.server(), BindKind::Transceiver).await;
    let key = second.send(Carrier::Submit, "8613800138000", NUMBER);
    let mut messages = Vec::new();
    assert!(matches!(second.answer_to(key, &mut messages).await, Outcome::Taken { .. }));
    // Another handset's text is the sign that nothing else is on the way.
    let (ticket, reply) = second.asks(Carrier::Submit, "8613800138001", NUMBER).await;
    assert_eq!((&*reply.to.text, messages.len()), ("8613800138001", 0));
    second.answer(ticket, Status::OK, "").await;
    assert_eq!((channel.counted("carrier", "repeated"), channel.core.recorded()), (1, 2));
    channel.stop().await;
}

#[tokio::test]
async fn a_wrong_password_and_a_name_that_nobody_has_read_the_same_and_are_slowed_down() {
    let channel = Channel::start(SERVER).await;
    for (nth, status) in [
        (1, Status::INVALID_PASSWORD),
        (2, Status::INVALID_PASSWORD),
        (3, Status::INVALID_PASSWORD),
        (4, Status::BIND_FAILED),
    ] {
        let mut peer = Peer::dial(channel.server(), BindKind::Transceiver, "wrong").await;
        assert_eq!(peer.over_with().await, Over::Refused(status), "{nth}");
    }
    let mut nobody = Peer::dial(channel.server(), BindKind::Transceiver, "secret").await;
    assert_eq!(nobody.over_with().await, Over::Refused(Status::BIND_FAILED), "right, and too soon");
    channel.stop().await;
}

#[tokio::test]
async fn an_account_binds_as_often_as_it_may_and_from_where_it_may() {
    let channel = Channel::start(SERVER).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(Peer::bound(channel.server(), BindKind::Receiver).await);
    }
    let mut one_more = Peer::dial(channel.server(), BindKind::Receiver, "secret").await;
    assert_eq!(one_more.over_with().await, Over::Refused(Status::BIND_FAILED));
    drop(held.pop());
    until("the place of the one that left", || channel.shown("carrier")["connections"].as_array().unwrap().len() == 2)
        .await;
    drop(Peer::bound(channel.server(), BindKind::Receiver).await);
    channel.stop().await;

    let elsewhere = SERVER.replace("binds = 3", "from = [\"192.0.2.0/24\"]");
    let channel = Channel::start(&elsewhere).await;
    let mut peer = Peer::dial(channel.server(), BindKind::Receiver, "secret").await;
    assert_eq!(peer.over_with().await, Over::Refused(Status::INVALID_PASSWORD), "as a wrong password");
    channel.stop().await;
}

#[tokio::test]
async fn a_busy_core_is_told_to_the_carrier_and_nothing_is_owed() {
    let channel = Channel::start(SERVER).await;
    let mut peer = Peer::bound(channel.server(), BindKind::Transceiver).await;
    for (refusal, carrier, status) in [
        (contract::Refusal::Overloaded, Carrier::Submit, Status::THROTTLED),
        (contract::Refusal::Unavailable("disk full"), Carrier::Submit, Status::SYSTEM_ERROR),
        (contract::Refusal::Unavailable("disk full"), Carrier::Data, Status::RECEIVER_TEMPORARY),
    ] {
        channel.core.refuse_next(refusal);
        let key = peer.send(carrier, "8613800138000", NUMBER);
        match peer.answer_to(key, &mut Vec::new()).await {
            Outcome::Answered { status: said, .. } => assert_eq!(said, status),
            other => panic!("{other:?}"),
        }
    }
    let (ticket, _) = peer.asks(Carrier::Submit, "8613800138000", NUMBER).await;
    peer.answer(ticket, Status::OK, "").await;
    channel.stop().await;
}

#[tokio::test]
async fn a_reply_waits_for_a_connection_that_may_have_it() {
    let channel = Channel::start(SERVER).await;
    let mut transmitter = Peer::bound(channel.server(), BindKind::Transmitter).await;
    let key = transmitter.send(Carrier::Submit, "8613800138000", NUMBER);
    assert!(matches!(transmitter.answer_to(key, &mut Vec::new()).await, Outcome::Taken { .. }));
    until("the reply", || channel.shown("carrier")["waiting"] == 1).await;
    let mut receiver = Peer::bound(channel.server(), BindKind::Receiver).await;
    let (ticket, reply) = receiver.message().await;
    assert_eq!(&*reply.to.text, "8613800138000");
    receiver.answer(ticket, Status::OK, "").await;
    // The next one wakes the receiver although the text came by the other connection.
    transmitter.send(Carrier::Submit, "8613800138001", NUMBER);
    transmitter.flush().await;
    let (ticket, _) = receiver.message().await;
    receiver.answer(ticket, Status::OK, "").await;
    until("both", || channel.core.deliveries().len() == 2).await;
    channel.stop().await;
}

#[tokio::test]
async fn a_reply_whose_answer_is_lost_goes_out_once_more_and_never_again() {
    let channel = Channel::start(SERVER).await;
    let mut peer = Peer::bound(channel.server(), BindKind::Transceiver).await;
    peer.asks(Carrier::Submit, "8613800138000", NUMBER).await;
    drop(peer);
    let mut peer = Peer::bound(channel.server(), BindKind::Transceiver).await;
    peer.message().await;
    assert_eq!(channel.counted("carrier", "resent"), 1);
    drop(peer);
    until("the end", || channel.core.deliveries().len() == 1).await;
    assert_eq!(channel.core.deliveries()[0].1, contract::Delivery::Refused);
    channel.stop().await;
}

#[tokio::test]
async fn what_is_owed_when_the_program_comes_up_goes_out_once() {
    let channel = Channel::start(SERVER).await;
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    channel.core.answer_at(contract::Timestamp(i64::try_from(since.as_millis()).unwrap()));
    let mut peer = Peer::bound(channel.server(), BindKind::Transmitter).await;
    let key = peer.send(Carrier::Submit, "8613800138000", NUMBER);
    peer.answer_to(key, &mut Vec::new()).await;
    let core = Arc::clone(&channel.core);
    channel.stop().await;
    assert!(core.deliveries().is_empty());

    let channel = Channel::with(SERVER, core).await;
    let mut peer = Peer::bound(channel.server(), BindKind::Transceiver).await;
    let (ticket, reply) = peer.message().await;
    assert_eq!(&*reply.to.text, "8613800138000");
    peer.answer(ticket, Status::OK, "").await;
    until("its end", || channel.core.deliveries().len() == 1).await;
    assert_eq!(channel.operator.answer(serde_json::json!("links")).unwrap()["taken_over"], 1);
    channel.stop().await;
}

#[tokio::test]
async fn what_is_too_old_when_the_program_comes_up_is_not_sent() {
    let channel = Channel::start(SERVER).await;
    channel.core.answer_at(contract::Timestamp(0));
    let mut peer = Peer::bound(channel.server(), BindKind::Transmitter).await;
    let key = peer.send(Carrier::Submit, "8613800138000", NUMBER);
    peer.answer_to(key, &mut Vec::new()).await;
    let core = Arc::clone(&channel.core);
    channel.stop().await;
    let channel = Channel::with(SERVER, core).await;
    until("its end", || channel.core.deliveries().len() == 1).await;
    assert_eq!(channel.core.deliveries()[0].1, contract::Delivery::Expired);
    channel.stop().await;
}

#[tokio::test]
async fn a_suspended_account_is_let_go_and_let_in_again() {
    let channel = Channel::start(SERVER).await;
    let mut peer = Peer::bound(channel.server(), BindKind::Transceiver).await;
    channel.operator.answer(serde_json::json!({ "suspend": { "link": "carrier" } })).unwrap();
    assert_eq!(peer.over_with().await, Over::PeerLeft);
    let mut peer = Peer::dial(channel.server(), BindKind::Transceiver, "secret").await;
    assert_eq!(peer.over_with().await, Over::Refused(Status::BIND_FAILED));
    channel.operator.answer(serde_json::json!({ "resume": { "link": "carrier" } })).unwrap();
    let mut peer = Peer::bound(channel.server(), BindKind::Transceiver).await;
    peer.asks(Carrier::Submit, "8613800138000", NUMBER).await;
    let nobody = channel.operator.answer(serde_json::json!({ "resume": { "link": "nobody" } })).unwrap_err();
    assert_eq!(nobody.to_string(), "there is no link nobody");
    channel.stop().await;
}

#[tokio::test]
async fn octets_that_are_no_smpp_end_their_own_connection_and_no_other() {
    let channel = Channel::start(SERVER).await;
    let mut good = Peer::bound(channel.server(), BindKind::Transceiver).await;
    let mut bad = TcpStream::connect(channel.server()).await.unwrap();
    bad.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    soon("the end", bad.read_to_end(&mut answer)).await.unwrap();
    assert_eq!(answer.get(4..12), Some(&[0x80, 0, 0, 0, 0, 0, 0, 2][..]), "generic_nack, invalid command length");
    let (ticket, _) = good.asks(Carrier::Submit, "8613800138000", NUMBER).await;
    good.answer(ticket, Status::OK, "").await;
    channel.stop().await;
}

#[tokio::test]
async fn a_peer_that_sends_one_octet_at_a_time_is_served_like_any_other() {
    let channel = Channel::start(SERVER).await;
    let mut peer = Peer::dial(channel.server(), BindKind::Transceiver, "secret").await;
    let octets = peer.session.output().to_vec();
    peer.session.written(usize::MAX, now());
    for octet in octets {
        peer.stream.write_all(&[octet]).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert!(matches!(peer.event().await, Event::Bound { .. }));
    channel.stop().await;
}
