//! Asterisk's side of a call, scripted.

use jiff::tz::TimeZone;
use support::ScriptedCore;
use tokio::io::AsyncReadExt as _;
use tokio_util::sync::CancellationToken;
use wording::Words;

use super::*;
use crate::dialogue::Settings;
use crate::languages::Choices;
use crate::prompts::Prompts;

/// Answers every command; keys are pressed at the first chance there is to press them, and who is dialled takes the call
/// or not.
async fn asterisk(mut stream: tokio::io::DuplexStream, keys: &str, dialled: &str) -> Vec<String> {
    let begin = "agi_network: yes\nagi_uniqueid: 1790000000.17\nagi_callerid: 13800138000\nagi_extension: 12365\n\n";
    stream.write_all(begin.as_bytes()).await.unwrap();
    let (mut keys, mut commands, mut line) = (keys.chars(), Vec::new(), Vec::new());
    while let Ok(octet) = stream.read_u8().await {
        if octet != b'\n' {
            line.push(octet);
            continue;
        }
        let command = String::from_utf8(std::mem::take(&mut line)).unwrap();
        let takes_keys = command.starts_with("WAIT FOR DIGIT") || command.ends_with("\"0123456789*#\"");
        // The first breath of a sentence is passed by, so that something is heard before it is cut off.
        let pressed = keys.next().filter(|_| takes_keys).map_or(0, u32::from);
        commands.push(command);
        let hung_up = commands.last().is_some_and(|command| command == "HANGUP");
        let answer = match commands.last().map(String::as_str) {
            Some("GET VARIABLE DIALSTATUS") => format!("200 result=1 ({dialled})\n"),
            _ => format!("200 result={pressed} endpos=0\n"),
        };
        if stream.write_all(answer.as_bytes()).await.is_err() || hung_up {
            break;
        }
    }
    commands
}

fn ports(core: &Arc<ScriptedCore>) -> Ports {
    Ports {
        verify: Arc::clone(core) as Arc<dyn contract::Verify>,
        words: Arc::new(Words::load(None, TimeZone::UTC).unwrap()),
        prompts: Arc::new(Prompts::shipped().unwrap()),
        dialogue: Arc::new(Settings::default()),
        choices: Arc::default(),
        tasks: Drain::new(CancellationToken::new(), Duration::from_secs(1)),
    }
}

fn settings() -> FastAgi {
    let config = crate::config::webhooks::FastAgiConfig {
        listen: Some(([127, 0, 0, 1], 0).into()),
        line: vec![crate::config::webhooks::LineConfig {
            number: "12365".to_owned(),
            language: Some(contract::Language::En),
        }],
        ..Default::default()
    };
    config.check().unwrap().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_keyed_number_is_asked_once_and_its_verdict_is_played() {
    let core = ScriptedCore::new();
    let (ours, theirs) = tokio::io::duplex(4_096);
    let number = crate::dialogue::tests::number();
    // One answer is to ANSWER, which takes no key.
    let peer = tokio::spawn(async move { asterisk(theirs, &format!(" {number}2"), "").await });
    let ports = ports(&core);
    let call = converse(ours, &settings(), &ports).await;
    let commands = peer.await.unwrap();
    assert!(call.is_ok(), "{call:?} {commands:?}");
    assert_eq!(core.recorded(), 1);
    assert_eq!(core.asked()[0].asker.identity, contract::Identity::Phone("8613800138000".to_owned()));
    let position = |what: &str| commands.iter().position(|command| command.contains(what));
    let verdict = position("STREAM FILE verigate/en/genuine-first.0").expect("the verdict");
    let greeting = position("STREAM FILE verigate/en/greeting.0").expect("the greeting");
    assert!(greeting < verdict && position("verigate/en/goodbye.0").is_some_and(|at| at > verdict), "{commands:?}");
    assert_eq!(commands.last().map(String::as_str), Some("HANGUP"));
    assert_eq!(Choices::default().of(&core.asked()[0].asker.identity), None);
}

#[tokio::test(start_paused = true)]
async fn a_person_is_dialled_and_who_finds_nobody_is_told() {
    let person = FastAgi { person: Some("PJSIP/operator,30".to_owned()), ..settings() };
    for (dialled, told) in [("ANSWER", false), ("BUSY", true)] {
        let core = ScriptedCore::new();
        let (ours, theirs) = tokio::io::duplex(4_096);
        let number = crate::dialogue::tests::number();
        let peer = tokio::spawn(async move { asterisk(theirs, &format!(" {number}0"), dialled).await });
        let call = converse(ours, &person, &ports(&core)).await;
        let commands = peer.await.unwrap();
        assert!(call.is_ok(), "{call:?} {commands:?}");
        let after = commands.iter().skip_while(|command| *command != "EXEC Dial PJSIP/operator,30").skip(1);
        let nobody = after.clone().any(|command| command.contains("verigate/en/nobody"));
        assert_eq!((after.count() > 0, nobody), (true, told), "{commands:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_hangs_up_and_an_asterisk_that_falls_silent_end_the_call() {
    let core = ScriptedCore::new();
    let ports = ports(&core);
    let (ours, mut theirs) = tokio::io::duplex(4_096);
    theirs.write_all(b"agi_uniqueid: 1\n\nHANGUP\n").await.unwrap();
    assert!(matches!(converse(ours, &settings(), &ports).await, Err(Gone::HungUp)));
    let (ours, _theirs) = tokio::io::duplex(64);
    assert!(matches!(converse(ours, &settings(), &ports).await, Err(Gone::Silent)));
    let (ours, mut theirs) = tokio::io::duplex(1 << 20);
    theirs.write_all(&vec![b'x'; 100_000]).await.unwrap();
    assert!(matches!(converse(ours, &settings(), &ports).await, Err(Gone::Unreadable)));
}

#[test]
fn answers_of_asterisk_are_read() {
    let read = |line| Answer::read(line).unwrap();
    assert_eq!(read("200 result=35 endpos=1200").key(), Some(Key::Hash));
    assert_eq!(read("200 result=0 endpos=1200").key(), None);
    assert!(read("200 result=-1 endpos=0").hung_up());
    assert!(read("511 Command Not Permitted on a dead channel").hung_up());
    assert!(read("HANGUP").hung_up());
    assert_eq!(read("200 result=1 (ANSWER)").text(), Some("ANSWER"));
    assert_eq!(read("520-Invalid command syntax").key(), None);
    for line in ["", "Usage: x", "result=1", "99999999 result=1"] {
        assert_eq!(Answer::read(line), None, "{line}");
    }
}
