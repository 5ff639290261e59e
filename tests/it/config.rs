//! The configuration as an operator meets it: the shipped files and the commands that look at one.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use toml::Table;
use verigate::code::Codes;
use verigate::code::layout::Layouts;
use verigate::index::catalogue::{Catalogue, source};
use verigate::secret::Secret;

const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config");

fn shipped() -> Vec<PathBuf> {
    let all = fs::read_dir(SHIPPED).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<PathBuf> = all.filter(|path| path.extension().is_some_and(|ending| ending == "toml")).collect();
    assert!(!files.is_empty(), "nothing in {SHIPPED}");
    files
}

fn annotated() -> String {
    fs::read_to_string(Path::new(SHIPPED).join("verigate.toml")).unwrap()
}

/// The annotated file with the lines that begin with this mark switched on.
fn switched_on(text: &str, mark: &str) -> String {
    let line = |line: &str| {
        let setting = line.strip_prefix(mark).filter(|rest| {
            rest.split_once(" = ").is_some_and(|(key, _)| key.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
        });
        setting.unwrap_or(line).to_owned()
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// What the program makes of a configuration.
fn printed(text: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("verigate.toml");
    fs::write(&file, text).unwrap();
    let output = verigate(&["config", "print", "--config", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    out(&output).to_owned()
}

#[test]
fn every_shipped_file_is_good() {
    for file in shipped() {
        let output = verigate(&["config", "check", "--config", file.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    }
}

#[test]
fn the_annotated_file_shows_every_default_as_it_is() {
    let text = switched_on(&annotated(), "# ");
    let defaults = printed("");
    assert_eq!(printed(&text), defaults);

    let keys = |text: &str| -> BTreeSet<String> {
        let table: Table = text.parse().unwrap();
        let sections = table.iter().filter_map(|(section, keys)| keys.as_table().map(|keys| (section, keys)));
        sections.flat_map(|(section, keys)| keys.keys().map(move |key| format!("{section}.{key}"))).collect()
    };
    let mut unshown = &keys(&defaults) - &keys(&text);
    // Lists that are empty by default are shown as examples.
    for list in
        ["http.client", "sms.server", "sms.account", "sms.link", "sms.keyword", "kiosk.server", "kiosk.terminal"]
    {
        unshown.remove(list);
    }
    unshown.remove("rules.category");
    assert!(unshown.is_empty(), "not in the annotated file: {unshown:?}");
}

#[test]
fn the_examples_in_the_annotated_file_are_settings_that_exist() {
    let text: String = annotated()
        .lines()
        .map(|line| line.strip_prefix("#: ").unwrap_or(line))
        // At most one of the two may be given, and nobody's certificate is here to be read.
        .filter(|line| !line.starts_with("master_credential"))
        .fold(String::new(), |text, line| text + line + "\n");
    let shown = printed(&text);
    for example in [
        "second_place",
        "master_file",
        "[rules.category.liquor]",
        "[[layout]]",
        "overrides",
        "[http.tls]",
        "till-7",
        "[[sms.link]]",
        "[[voice.sip.trunk]]",
        "[sms.account.call]",
    ] {
        assert!(shown.contains(example), "{example} is not taken: {shown}");
    }
}

#[test]
fn the_demo_catalogue_is_taken_whole() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/demo/catalogue.toml");
    let change = source::read(Path::new(file), "demo").unwrap();
    assert_eq!((change.makers.len(), change.products.len()), (4, 9));
    Catalogue::new(Codes::new(Layouts::default(), Secret::from_bytes([7; 32]))).check_change(&change).unwrap();

    let products = &change.products;
    assert!(products.iter().any(|product| product.tracks_shipping), "one that is not yet on sale");
    assert!(products.iter().any(|product| !product.sales_region.is_empty()), "one that is sold in some cities only");
    assert!(products.iter().any(|product| product.shelf_life_days.is_some()), "one that expires");
    for name in change.makers.iter().map(|maker| &maker.name).chain(products.iter().map(|product| &product.name)) {
        assert!(name.zh_hk.is_some() && name.en.is_some(), "{} is not named in every language", name.zh_hans);
    }
    for gtin in products.iter().filter_map(|product| product.gtin.as_deref()) {
        let weighed =
            gtin.bytes().enumerate().map(|(at, digit)| u32::from(digit - b'0') * if at % 2 == 0 { 3 } else { 1 });
        assert!(gtin.len() == 14 && weighed.sum::<u32>() % 10 == 0, "{gtin} has a wrong check digit");
        assert!(gtin.starts_with("0952"), "{gtin} may belong to somebody");
    }
}

fn verigate(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_verigate")).args(arguments).env_remove("VERIGATE_CONFIG").output().unwrap()
}

fn out(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn err(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

#[test]
fn checking_a_good_file_says_so_and_ends_with_0() {
    let file = format!("{SHIPPED}/verigate.toml");
    let checked = verigate(&["config", "check", "--config", &file]);
    assert_eq!(checked.status.code(), Some(0), "{}", err(&checked));
    assert_eq!(out(&checked), format!("{file}: good\n"));
}

#[test]
fn checking_a_bad_file_names_the_line_and_ends_with_64() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bad.toml");
    fs::write(&file, "[ledger]\nhot_unit = 5000\n").unwrap();
    let checked = verigate(&["config", "check", "--config", file.to_str().unwrap()]);
    assert_eq!(checked.status.code(), Some(64));
    assert_eq!(out(&checked), "");
    let told = err(&checked);
    assert!(told.contains("bad.toml:2:1: unknown field `hot_unit`"), "{told}");
    assert!(told.contains("did you mean `hot_units`?"), "{told}");
    assert_eq!(verigate(&["config", "check"]).status.code(), Some(64), "no file is named");
}

#[test]
fn what_is_printed_is_a_configuration_again() {
    let printed = verigate(&["config", "print"]);
    assert_eq!(printed.status.code(), Some(0), "{}", err(&printed));
    assert_eq!(self::printed(out(&printed)), out(&printed));
}

#[test]
fn bad_usage_ends_with_64_and_help_with_0() {
    for words in [&["--no-such-option"][..], &["no-such-command"], &["config", "check", "--config"], &[]] {
        let output = verigate(words);
        assert_eq!((output.status.code(), out(&output)), (Some(64), ""), "{words:?}");
        assert!(err(&output).contains("--help"), "{words:?}: {}", err(&output));
    }
    for words in [["--help"], ["--version"]] {
        let output = verigate(&words);
        assert_eq!((output.status.code(), err(&output)), (Some(0), ""), "{words:?}");
        assert!(out(&output).contains("verigate") || out(&output).contains("number"), "{}", out(&output));
    }
}

#[test]
fn completions_come_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = verigate(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0), "{shell}: {}", err(&output));
        assert!(out(&output).contains("verigate"), "{shell}");
    }
}
