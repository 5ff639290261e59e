//! What an operator sees of a configuration, right or wrong.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use super::*;

fn fault(text: &str) -> Fault {
    match parse::<CoreConfig>(text, Path::new("verigate.toml")) {
        Err(ConfigError::Content { fault, .. }) => *fault,
        other => panic!("expected a fault in {text:?}, got {other:?}"),
    }
}

#[test]
fn an_empty_file_is_every_default() {
    let config: CoreConfig = parse("", Path::new("verigate.toml")).unwrap();
    assert_eq!(config, CoreConfig::default());
    assert_eq!(config.data.checkpoints(), Path::new("verigate-data/checkpoints"));
    assert_eq!(config.ledger.checkpoint_every, Duration::from_secs(300));
}

#[test]
fn a_misspelt_key_is_named_with_its_place_and_the_nearest_one() {
    let error =
        parse::<CoreConfig>("[log]\nlevel = \"info\"\n\n[ledger]\n  hot_unit = 5\n", Path::new("etc/verigate.toml"))
            .unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("etc/verigate.toml:5:3: unknown field `hot_unit`"), "{text}");
    assert!(text.contains("did you mean `hot_units`?"), "{text}");
    assert!(text.ends_with("\n      hot_unit = 5"), "{text}");
}

#[test]
fn a_misspelt_section_and_a_misspelt_value_are_told_alike() {
    let section = fault("[legder]\n");
    assert_eq!((section.line, section.nearest.as_deref()), (1, Some("ledger")));
    let value = fault("[log]\nlevel = \"inof\"\n");
    assert_eq!((value.line, value.column), (2, 9));
    assert_eq!((value.unknown.as_deref(), value.nearest.as_deref()), (Some("inof"), Some("info")));
}

#[test]
fn a_key_like_no_other_gets_no_wild_guess() {
    let fault = fault("[ledger]\nzzz = 1\n");
    assert_eq!((fault.unknown.as_deref(), fault.nearest), (Some("zzz"), None));
}

#[test]
fn a_value_out_of_bounds_is_shown_where_it_stands() {
    for (line, expected) in [
        ("group = 0", "expected a whole number from 1 to 100000"),
        ("group = -1", "invalid value: integer `-1`"),
        ("hot_units = 999", "expected a whole number from 1000 to 1000000000"),
        ("checkpoint_seconds = 86401", "expected a whole number from 1 to 86400"),
        ("queue = \"many\"", "expected a whole number from 1 to 1000000"),
        ("queue = 1.5", "expected a whole number from 1 to 1000000"),
    ] {
        let fault = fault(&format!("# 账本\n[ledger]\n{line}\n"));
        assert!(fault.message.contains(expected), "{line}: {fault}");
        assert_eq!((fault.line, fault.column), (3, line.find('=').unwrap() + 3), "{line}: {fault}");
    }
}

#[test]
fn what_is_no_toml_is_shown_where_it_breaks() {
    let fault = fault("[data]\ndir = verigate\n");
    assert_eq!((fault.line, fault.column), (2, 7), "{fault}");
}

#[test]
fn the_columns_of_chinese_text_are_counted_in_characters() {
    let fault = fault("[data]\n\"目录\" = 1\n");
    assert_eq!((fault.line, fault.column), (2, 1), "{fault}");
    assert_eq!(fault.unknown.as_deref(), Some("目录"));
}

#[test]
fn a_file_that_is_no_configuration_is_not_read_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("big.toml");
    fs::write(&path, vec![b'#'; usize::try_from(MOST_BYTES).unwrap() + 1]).unwrap();
    assert!(matches!(read::<CoreConfig>(&path), Err(ConfigError::TooLarge { .. })));
    fs::write(&path, vec![b'#'; usize::try_from(MOST_BYTES).unwrap()]).unwrap();
    assert_eq!(read::<CoreConfig>(&path).unwrap(), CoreConfig::default());
    fs::write(&path, [0xff, 0xfe]).unwrap();
    assert!(matches!(read::<CoreConfig>(&path), Err(ConfigError::Read { .. })));
    assert!(matches!(read::<CoreConfig>(&dir.path().join("none")), Err(ConfigError::Read { .. })));
}

#[test]
fn a_layout_that_breaks_a_rule_is_shown_where_it_stands() {
    let text =
        "[[layout]]\nid = 1\nname = \"short\"\nresource_digits = 0\nserial_digits = 7\ntag_digits = 5\ngroups = [13]\n";
    let fault = fault(text);
    assert!(fault.message.contains("0 resource digits, expected 1 to"), "{fault}");
}

#[test]
fn what_is_configured_is_what_the_core_works_by() {
    let text = "[ledger]\ngroup = 7\n[rules]\nreturn_days = 3\n[data]\ndir = \"/d\"\n[keys]\nmaster_file = \"/k/m\"\n";
    let config: CoreConfig = parse(text, Path::new("verigate.toml")).unwrap();
    let settings = config.settings().unwrap();
    assert_eq!((settings.group, settings.rules.return_days()), (7, 3));
    assert_eq!(settings.layouts, Layouts::default());
    let folder = config.folder(&BTreeMap::new()).unwrap();
    assert_eq!((folder.master(), folder.keys), (PathBuf::from("/k/m"), PathBuf::from("/d/keys")));
}

#[test]
fn what_is_printed_is_read_back_the_same() {
    let rules = toml::from_str("return_days = 7\n[category.tea]\noverchecked_hidden = 4").unwrap();
    let mut config = CoreConfig { rules, ..CoreConfig::default() };
    config.ledger.checkpoint_every = Duration::from_secs(7);
    config.data.second_place = Some(PathBuf::from("/mnt/second"));
    let text = toml::to_string(&config).unwrap();
    assert_eq!(parse::<CoreConfig>(&text, Path::new("printed")).unwrap(), config);
}

#[test]
fn the_master_key_is_found_in_each_of_its_places() {
    let data = Data { dir: PathBuf::from("/data"), second_place: None };
    let bare = BTreeMap::new();
    let systemd = BTreeMap::from([("CREDENTIALS_DIRECTORY".to_owned(), "/run/credentials/verigate".to_owned())]);
    let by_name = Keys { master_credential: Some("master.key".to_owned()), ..Keys::default() };
    let by_path = Keys { master_file: Some(PathBuf::from("/etc/master.key")), ..Keys::default() };

    assert_eq!(Keys::default().master(&data, &bare).unwrap(), Path::new("/data/keys/master.key"));
    assert_eq!(by_path.master(&data, &bare).unwrap(), Path::new("/etc/master.key"));
    assert_eq!(by_name.master(&data, &systemd).unwrap(), Path::new("/run/credentials/verigate/master.key"));
    assert!(matches!(by_name.master(&data, &bare), Err(ConfigError::NoVariable { .. })));

    let both = Keys { master_file: by_path.master_file, ..by_name };
    assert!(matches!(both.master(&data, &systemd), Err(ConfigError::SecretTwice { .. })));
    let outside = Keys { master_credential: Some("../master.key".to_owned()), ..Keys::default() };
    assert!(outside.master(&data, &systemd).is_err(), "a credential is one file of its folder");
}

#[test]
fn a_password_comes_from_its_file_its_variable_or_systemd_and_is_never_shown() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("password");
    fs::write(&path, "canary-in-file\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let environment = BTreeMap::from([
        ("SMSC_PASSWORD".to_owned(), "canary-in-env".to_owned()),
        ("CREDENTIALS_DIRECTORY".to_owned(), dir.path().display().to_string()),
        ("EMPTY".to_owned(), String::new()),
    ]);
    let text = |place: SecretRef| place.text(&environment);

    let secret = text(SecretRef::File(path.clone())).unwrap();
    assert_eq!(secret.expose(), "canary-in-file");
    assert!(!format!("{secret:?}").contains("canary"));
    assert_eq!(text(SecretRef::Credential("password".to_owned())).unwrap().expose(), "canary-in-file");
    assert_eq!(text(SecretRef::Variable("SMSC_PASSWORD".to_owned())).unwrap().expose(), "canary-in-env");

    assert!(matches!(text(SecretRef::Variable("EMPTY".to_owned())), Err(ConfigError::SecretShape { .. })));
    assert!(matches!(text(SecretRef::Variable("NONE".to_owned())), Err(ConfigError::NoVariable { .. })));
    fs::write(&path, "canary\ncanary\n").unwrap();
    let error = text(SecretRef::File(path.clone())).unwrap_err();
    assert!(matches!(error, ConfigError::SecretShape { .. }) && !error.to_string().contains("canary"), "{error}");
    fs::write(&path, "x".repeat(secret::MOST_BYTES + 1)).unwrap();
    assert!(matches!(text(SecretRef::File(path)), Err(ConfigError::SecretShape { .. })));
}

#[test]
fn no_text_makes_the_parser_panic() {
    proptest::proptest!(|(text in "(?s).{0,200}")| {
        if let Err(error) = parse::<CoreConfig>(&text, Path::new("any.toml")) {
            proptest::prop_assert!(!error.to_string().is_empty());
        }
    });
}
