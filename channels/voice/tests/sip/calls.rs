//! Whole calls: what a caller presses and hears.

use std::time::Duration;

use channel_voice::caller::{Call, CallError, Called};
use channel_voice::config::sip::{Srtp, WhenFull};
use channel_voice::dialogue::Phrase;
use channel_voice::media::Law;
use channel_voice::media::keypad::Way;
use contract::Number;
use rsipstack::sip::StatusCode;
use support::wait_for;

use crate::scene::{Scene, config};

const NUMBER: &str = "12345678901234567890";

fn call(scene: &Scene, keys: &str) -> Call {
    Call {
        gateway: scene.address,
        number: "12365".to_owned(),
        from: "13800138000".to_owned(),
        keys: keys.to_owned(),
        by: Way::Event,
        law: Law::A,
        secure: false,
        before: Duration::from_millis(900),
        longest: Duration::from_secs(20),
    }
}

/// The core was asked this number, once.
fn asked(scene: &Scene) {
    let asked = scene.core.asked();
    assert_eq!(asked.len(), 1);
    let check = asked[0].checks.first().expect("a number");
    assert_eq!(check.number, own());
}

fn own() -> Number {
    contract::reading::read_one(NUMBER).number
}

/// Everything that was said whole was heard whole and in order; what was talked over, as far as it came.
fn heard(scene: &Scene, called: &Called) {
    let mut rest = called.heard.octets.as_slice();
    let said = scene.recordings.said();
    assert!(said.len() >= 2, "{said:?}");
    let last = said.len() - 1;
    for (nth, (play, octets)) in said.iter().enumerate() {
        // What was interrupted is heard from its start.
        let part = if nth == last { octets.as_slice() } else { &octets[..160] };
        let place = rest.windows(part.len()).position(|window| window == part);
        let place = place.unwrap_or_else(|| panic!("{:?} was not heard", play.phrases));
        rest = &rest[place + part.len()..];
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_keys_a_number_in_each_way_and_hears_the_verdict() {
    for (by, law, secure) in [
        (Way::Event, Law::A, false),
        (Way::Event, Law::Mu, true),
        (Way::Info, Law::A, false),
        (Way::Tone, Law::Mu, false),
    ] {
        let scene = Scene::begin(&config()).await;
        let called = Call { by, law, secure, ..call(&scene, NUMBER) }.place().await.unwrap();
        assert!(called.hung_up, "the gateway ends the call");
        asked(&scene);
        heard(&scene, &called);
        let answers = scene.recordings.said().into_iter().flat_map(|(play, _)| play.phrases);
        assert!(answers.into_iter().any(|phrase| matches!(phrase, Phrase::Answer(_))), "{by:?}");
        assert!(called.heard.octets.iter().take(1_600).all(|octet| *octet == law.silence()), "the lead is silent");
        assert_eq!(scene.end().await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_required_encryption_is_required() {
    let scene = Scene::begin(&channel_voice::config::SipConfig { srtp: Srtp::Required, ..config() }).await;
    let refused = call(&scene, "").place().await.unwrap_err();
    assert!(matches!(refused, CallError::Refused(StatusCode::NotAcceptableHere)), "{refused}");
    let called = Call { secure: true, ..call(&scene, NUMBER) }.place().await.unwrap();
    heard(&scene, &called);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_lets_a_call_finish_and_takes_no_new_one() {
    let scene = Scene::begin(&channel_voice::config::SipConfig { drain_s: 15, ..config() }).await;
    let placing = tokio::spawn({
        let call = call(&scene, NUMBER);
        async move { call.place().await }
    });
    wait_for("the call is answered", || !scene.recordings.said().is_empty()).await;
    scene.stop();
    let refused = call(&scene, "").place().await.unwrap_err();
    assert!(matches!(refused, CallError::Refused(StatusCode::ServiceUnavailable)), "{refused}");
    let called = placing.await.unwrap().unwrap();
    asked(&scene);
    heard(&scene, &called);
    assert_eq!(scene.end().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_hangs_up_before_the_answer_is_recorded_all_the_same() {
    let scene = Scene::begin(&config()).await;
    scene.core.hold();
    let short = Call { longest: Duration::from_millis(900 + 20 * 200 + 500), ..call(&scene, NUMBER) };
    let called = short.place().await.unwrap();
    assert!(!called.hung_up);
    scene.core.release();
    wait_for("it is recorded", || scene.core.recorded() == 1).await;
    assert_eq!(scene.end().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_for_whom_there_is_no_place_hears_so_and_is_not_asked_anything() {
    let full = channel_voice::config::SipConfig { calls: 1, when_full: WhenFull::Speak, ..config() };
    let scene = Scene::begin(&full).await;
    let placing = tokio::spawn({
        let call = Call { longest: Duration::from_secs(6), ..call(&scene, "") };
        async move { call.place().await }
    });
    wait_for("the only place is taken", || scene.recordings.said().len() == 1).await;
    let called = call(&scene, NUMBER).place().await.unwrap();
    assert!(called.hung_up);
    let said = scene.recordings.said();
    assert_eq!(said[1].0.phrases, [Phrase::AllBusy, Phrase::Goodbye]);
    let heard = called.heard.octets.windows(said[1].1.len()).any(|window| window == said[1].1);
    assert!(heard && scene.core.asked().is_empty());
    placing.await.unwrap().unwrap();
    assert_eq!(scene.end().await, 0);
}
