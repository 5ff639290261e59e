//! An SMSC that calls: where it makes us bind, and where it comes too late.

use super::*;

#[test]
fn an_outbind_turns_us_into_the_one_who_binds() {
    let now = Instant::now();
    let mut caller = Side::new(Session::accepting(limits(), now));
    caller.session.call("smsc".to_owned(), Secret("secret".to_owned()));
    let mut called = Side::new(Session::accepting(limits(), now));
    caller.write(&mut called, usize::MAX, now);
    called.read(now);
    assert!(matches!(called.events.pop(), Some(Event::OutbindAsked { .. })));
    called.session.bind(BindKind::Receiver, bind(0x34), now);
    called.write(&mut caller, usize::MAX, now);
    caller.read(now);
    assert!(matches!(caller.events.pop(), Some(Event::BindAsked { kind: BindKind::Receiver, .. })));
    caller.session.admit("smsc", 0x34);
    caller.write(&mut called, usize::MAX, now);
    called.read(now);
    assert!(matches!(called.events.pop(), Some(Event::Bound { .. })));
}

#[test]
fn an_outbind_on_a_connection_on_which_we_have_asked_to_be_bound_changes_nothing() {
    let now = Instant::now();
    let mut esme = Side::new(Session::binding(limits(), BindKind::Transceiver, bind(0x34), now));
    esme.session.written(usize::MAX, now);
    let mut frame = Vec::new();
    let called = Body::Outbind { system_id: "smsc".to_owned(), password: Secret("secret".to_owned()) };
    Pdu::request(Command::Outbind, 1, called).write(&mut frame);
    esme.session.handle_frame(&frame.into(), now);
    esme.read(now);
    assert!(matches!(esme.events[..], [Event::Deviation { status: Status::INVALID_STATE, .. }]), "{:?}", esme.events);
    let said = Pdu::read(&Bytes::copy_from_slice(esme.session.output())).unwrap().header;
    assert_eq!((said.command, said.status), (Command::GenericNack, Status::INVALID_STATE));
}
