//! The shipped pack, and folders over it.

use std::fs;

use contract::{Answer, Facts, Verdict};
use jiff::tz::TimeZone;

use super::*;
use crate::dialogue::{Phrase, Play};
use crate::prompts::script;

fn words() -> Words {
    Words::load(None, TimeZone::UTC).unwrap()
}

fn wav(rate: u32, samples: &[i16]) -> Vec<u8> {
    let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    file.extend(rate.to_le_bytes());
    file.extend((rate * 2).to_le_bytes());
    file.extend([2, 0, 16, 0]);
    file.extend(b"data");
    file.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
    file.extend(data);
    file
}

#[test]
fn the_shipped_pack_has_every_recording_and_each_says_our_words() {
    let missing = Prompts::shipped().unwrap().missing(&words());
    assert!(missing.is_empty(), "run scripts/prompts: {missing:?}");
}

#[test]
fn every_shipped_recording_can_be_unpacked() {
    let prompts = Prompts::shipped().unwrap();
    for sound in prompts.clips.values().flat_map(HashMap::values) {
        let Source::Packed(frame, samples) = &sound.source else { panic!("not of the pack") };
        assert_eq!(unpacked(frame, samples.div_ceil(2)).unwrap().len(), samples.div_ceil(2), "{:?}", sound.says);
    }
}

#[test]
fn a_verdict_is_heard_in_its_language_and_without_names_that_are_not_recorded() {
    let prompts = Prompts::shipped().unwrap();
    let name = contract::answer::Names { zh_hans: "龙井茶".to_owned(), ..Default::default() };
    let product =
        contract::Product { name: name.clone(), maker: name, spec: None, licence: None, category: "tea".to_owned() };
    let facts = Facts { product: Some(product), ..Facts::default() };
    let verdict = Verdict::GenuineFirst;
    let answer = Answer { colour: verdict.colour(), verdict, advisories: Vec::new(), facts };
    let play = |language| Play { language, phrases: vec![Phrase::Answer(Box::new(answer.clone()))], barge_in: true };
    for language in Language::ALL {
        let pieces = script(&words(), &play(language));
        let sounds = prompts.sounds(&pieces, Law::A);
        assert_eq!(&sounds[0], prompts.clip(language, "genuine-first.0", Law::A).unwrap());
        let (verdict_pause_advice_pause, seconds) = (4, sounds.iter().map(|sound| sound.len()).sum::<usize>() / 8_000);
        assert_eq!(sounds.len(), verdict_pause_advice_pause);
        assert!((2..20).contains(&seconds), "{language:?} {seconds}");
    }
}

#[test]
fn a_folder_stands_over_the_shipped_recordings_and_adds_names() {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    fs::create_dir_all(at("zh-Hans/names")).unwrap();
    fs::write(at("zh-Hans/greeting.0.wav"), wav(8_000, &[100; 80])).unwrap();
    fs::write(at("zh-Hans/goodbye.0.ulaw"), [0x80; 40]).unwrap();
    fs::write(at("zh-Hans/names/tea.alaw"), [0x55; 24]).unwrap();
    let manifest =
        "schema = 1\n[[name]]\nlanguage = \"zh-Hans\"\ntext = \"龙井茶\"\nfile = \"zh-Hans/names/tea.alaw\"\n";
    fs::write(at("manifest.toml"), manifest).unwrap();
    let prompts = Prompts::shipped().unwrap().with_folder(folder.path()).unwrap();
    assert_eq!(prompts.clip(Language::ZhHans, "greeting.0", Law::Mu).unwrap().len(), 80);
    assert_eq!(prompts.clip(Language::ZhHans, "goodbye.0", Law::Mu).unwrap()[..], [0x80; 40]);
    assert!(prompts.clip(Language::En, "greeting.0", Law::Mu).unwrap().len() > 4_000);
    let name = Piece::Name { language: Language::ZhHans, text: "龙井茶".to_owned() };
    assert_eq!(prompts.sounds(&[Piece::Aside(vec![name])], Law::A)[0][..], [0x55; 24]);
    assert!(prompts.missing(&words()).is_empty());
}

#[test]
fn what_cannot_be_played_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |path: &str, bytes: &[u8]| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        let error = Prompts::shipped().unwrap().with_folder(folder.path()).unwrap_err().to_string();
        fs::remove_file(path).unwrap();
        error
    };
    assert!(Prompts::shipped().unwrap().with_folder(folder.path()).unwrap_err().to_string().contains("manifest.toml"));
    assert!(refused("manifest.toml", b"schema = 2").ends_with("expected schema 1, got 2"));
    assert!(refused("manifest.toml", b"schema = 1\nclips = 2").contains("unknown field"));
    fs::write(folder.path().join("manifest.toml"), "schema = 1").unwrap();
    assert!(refused("en/greeting.0.wav", b"ID3").ends_with("expected a WAV file"));
    assert!(refused("en/greeting.0.wav", &wav(44_100, &[0; 9])).ends_with("expected 8000 samples a second"));
    assert!(refused("en/greeting.0.wav", &wav(8_000, &[0; 9])[..36]).ends_with("there are no samples"));
    assert!(refused("en/greeting.0.ulaw", &vec![0; 3_000_000]).contains("too large"));
}

#[test]
fn no_octets_make_the_pack_or_a_file_fall_over() {
    let whole = wav(8_000, &[1, 2, 3]);
    for cut in 0..whole.len() {
        drop(wav::read(&whole[..cut]));
    }
    for packed in [&b""[..], b"nonsense", &SHIPPED[..SHIPPED.len() / 2]] {
        assert!(Prompts::unpack(packed).is_none());
    }
    assert_eq!(unpacked(b"nonsense", 8), None);
}
