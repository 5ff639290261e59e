//! Long texts, by whichever connections their parts come, and replies of several segments.

use channel_sms::message::{Address, Segment, Tlv};
use channel_sms::text::{LongText, Settings, segments};
use channel_sms::wire::tlv;

use super::*;

const HANDSET: &str = "8613800138000";

/// Three parts; the number is cut between the first and the second.
fn long() -> Vec<Segment> {
    let text = "我在街口的小店买了一瓶酱油，麻烦帮我查一下这个编号有没有登记，是不是已经被别人查过了，我刮开涂层以后看到的编号是：\
                20060425000000000017，店主说是厂家直接送来的货，可是瓶盖看起来和以前买的不太一样，所以想问清楚再开，如果有问题请告诉我应该找谁处理，谢谢！";
    let parts = segments(text, &Settings { long: LongText::Udh16, ..Settings::default() }, 777).unwrap();
    assert_eq!(parts.len(), 3);
    parts
}

impl Peer {
    /// Sends a part under the sender's own number for it.
    fn part(&mut self, part: &Segment, own: u16) {
        self.keys += 1;
        let number = |text: &str, ton| Address { text: text.to_owned(), ton, npi: 1 };
        let message = ShortMessage {
            from: number(HANDSET, 1),
            to: number("12365", 0),
            esm_class: 0x40,
            data_coding: part.data_coding,
            short_message: [&part.udh[..], &part.payload[..]].concat().into(),
            tlvs: vec![Tlv { tag: tlv::USER_MESSAGE_REFERENCE, value: own.to_be_bytes().to_vec().into() }],
            ..ShortMessage::default()
        };
        self.session.send(self.keys, Carrier::Submit, message, now());
    }

    /// Waits until so many parts are acknowledged; what else comes is put by.
    async fn taken(&mut self, parts: usize, messages: &mut Vec<(Ticket, ShortMessage)>) {
        let mut taken = 0;
        while taken < parts {
            let event = self.event().await;
            if let Event::Message { ticket, message } = event {
                messages.push((ticket, *message));
            } else {
                assert!(matches!(event, Event::Settled { outcome: Outcome::Taken { .. }, .. }), "not taken: {event:?}");
                taken += 1;
            }
        }
    }
}

fn wide(message: &ShortMessage) -> String {
    assert_eq!(message.data_coding, 8);
    let (units, _) = message.short_message.as_chunks::<2>();
    String::from_utf16(&units.iter().map(|unit| u16::from_be_bytes(*unit)).collect::<Vec<_>>()).unwrap()
}

#[tokio::test]
async fn parts_by_two_connections_in_any_order_are_one_text_with_one_reply() {
    let channel = Channel::start(SERVER).await;
    let mut first = Peer::bound(channel.server(), BindKind::Transceiver).await;
    let mut second = Peer::bound(channel.server(), BindKind::Transmitter).await;
    let parts = long();
    first.part(&parts[2], 3);
    first.part(&parts[0], 1);
    first.flush().await;
    second.part(&parts[1], 2);
    second.taken(1, &mut Vec::new()).await;
    let mut messages = Vec::new();
    first.taken(2, &mut messages).await;
    let (ticket, reply) = match messages.pop() {
        Some(message) => message,
        None => first.message().await,
    };
    assert!(wide(&reply).starts_with("编号有效"), "{}", wide(&reply));
    first.answer(ticket, Status::OK, "").await;
    until("the end of the reply", || channel.core.deliveries().len() == 1).await;
    // The acknowledgement of the first part was lost, so it comes again, under another number of the sender's own.
    second.part(&parts[0], 4);
    second.taken(1, &mut Vec::new()).await;
    assert_eq!((channel.core.recorded(), channel.counted("carrier", "repeated")), (1, 1));
    drop((first, second));
    channel.stop().await;
}

#[tokio::test]
async fn a_carrier_that_sends_one_at_a_time_gets_its_long_texts_through() {
    let channel = Channel::start(SERVER).await;
    let mut peer = Peer::bound(channel.server(), BindKind::Transceiver).await;
    let mut messages = Vec::new();
    for (own, part) in (1..).zip(&long()) {
        peer.part(part, own);
        peer.taken(1, &mut messages).await;
    }
    let (ticket, reply) = match messages.pop() {
        Some(message) => message,
        None => peer.message().await,
    };
    assert!(wide(&reply).starts_with("编号有效"));
    peer.answer(ticket, Status::OK, "").await;
    drop(peer);
    channel.stop().await;
}

#[tokio::test]
async fn a_reply_about_several_numbers_comes_in_segments_of_one_text() {
    let channel = Channel::start(&SERVER.replace("binds = 3", "binds = 3\ntext = { long = \"sar\" }")).await;
    let mut peer = Peer::bound(channel.server(), BindKind::Transceiver).await;
    let words = "20060425000000000017, 20060425000000000025, 20060425000000000033, 20060425000000000041";
    let (ticket, one) = peer.asks(Carrier::Submit, HANDSET, words).await;
    let (next, two) = peer.message().await;
    peer.answer(ticket, Status::OK, "").await;
    peer.answer(next, Status::OK, "").await;
    let said = wide(&one) + &wide(&two);
    assert_eq!(said.matches("尾号").count(), 3, "{said}");
    assert!(said.contains("另有1个编号没有查"), "{said}");
    let places = [&one, &two].map(|part| {
        let tlv = |tag| part.tlvs.iter().find(|tlv| tlv.tag == tag).map(|tlv| tlv.value.to_vec());
        (tlv(tlv::SAR_TOTAL), tlv(tlv::SAR_PART))
    });
    assert_eq!(places, [(Some(vec![2]), Some(vec![1])), (Some(vec![2]), Some(vec![2]))]);
    until("the end of the reply", || channel.core.deliveries().len() == 1).await;
    drop(peer);
    channel.stop().await;
}
