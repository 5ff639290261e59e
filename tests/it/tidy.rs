//! The house in order: what compilers and linters do not look at.
//!
//! Reads every file of the repository, changes none. Who may depend on whom is in `arrows.rs`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What stands visibly at the top.
const TOP: [&str; 10] = [
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "channels",
    "config",
    "fixtures",
    "scripts",
    "src",
];

/// Beside them: tests, which cargo finds by itself.
const TESTS: &str = "tests";

/// The most lines of a source file.
const MOST_LINES: usize = 450;

/// Longer files, each with the reason.
const LONG: [(&str, &str); 0] = [];

/// Every file of ours, by its path from the root.
fn files() -> Vec<PathBuf> {
    let ignored = fs::read_to_string(Path::new(ROOT).join(".gitignore")).unwrap();
    let ignored: Vec<&str> = ignored.lines().filter_map(|line| line.strip_prefix('/')).collect();
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(Path::new(ROOT).join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            let name = path.to_str().unwrap();
            if name == ".git" || ignored.contains(&name) {
                continue;
            }
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                // A build folder of a crate outside the workspace.
                if !path.ends_with("target") {
                    folders.push(path);
                }
            } else if kind.is_file() {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The files with this ending, with their text.
fn texts(ending: &str) -> Vec<(String, String)> {
    let wanted = files().into_iter().filter(|path| path.extension().is_some_and(|found| found == ending));
    let read = |path: PathBuf| {
        let text = fs::read_to_string(Path::new(ROOT).join(&path)).unwrap();
        (path.to_str().unwrap().to_owned(), text)
    };
    wanted.map(read).collect()
}

fn none(of: &str, found: &[String]) {
    assert!(found.is_empty(), "{of}:\n  {}", found.join("\n  "));
}

#[test]
fn every_source_file_begins_by_saying_what_it_owns() {
    let sources = texts("rs");
    assert!(sources.len() > 20, "the walk found only {} files", sources.len());
    let bare = sources.iter().filter(|(_, text)| !text.starts_with("//! ")).map(|(path, _)| path.clone());
    none("files without a //! head", &bare.collect::<Vec<_>>());
}

#[test]
fn a_module_is_named_by_its_file() {
    let named: Vec<String> =
        texts("rs").into_iter().map(|(path, _)| path).filter(|path| path.ends_with("/mod.rs")).collect();
    none("write foo.rs and foo/ instead", &named);
}

#[test]
fn nothing_else_stands_at_the_top() {
    let mut strangers = Vec::new();
    for path in files() {
        let first = path.iter().next().unwrap().to_str().unwrap().to_owned();
        if !first.starts_with('.') && first != TESTS && !TOP.contains(&first.as_str()) {
            strangers.push(first);
        }
    }
    strangers.dedup();
    none("visible at the top and not in the list", &strangers);
}

#[test]
fn the_database_is_named_in_the_storage_modules_alone() {
    let named = texts("rs").into_iter().filter(|(path, text)| {
        let product = path.starts_with("src/") || path.starts_with("channels/");
        let storage = path.starts_with("src/ledger") || path.starts_with("src/index");
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        product && !storage && code.into_iter().any(|line| line.contains("rusqlite"))
    });
    none("rusqlite outside the storage of ledger and index", &named.map(|(path, _)| path).collect::<Vec<_>>());
}

#[test]
fn no_file_grows_beyond_what_one_reads_at_a_sitting() {
    let excepted = |path: &str| LONG.iter().any(|(long, _)| *long == path);
    let mut found = Vec::new();
    for (path, text) in texts("rs") {
        let lines = text.lines().count();
        if (lines > MOST_LINES) != excepted(&path) {
            found.push(format!("{path} has {lines} lines"));
        }
    }
    none("longer than 450 lines without a reason in LONG, or in LONG without need", &found);
    for (path, _) in LONG {
        assert!(Path::new(ROOT).join(path).is_file(), "{path} is in LONG and not there");
    }
}

#[test]
fn no_file_holds_a_word_that_is_out_of_place() {
    // Written in two halves, or this file would be the first one found.
    let words = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("/ro", "ot/"),
        concat!("/wo", "rk/"),
        concat!("crates", ".io"),
        concat!("pypi", ".org"),
        concat!("npmjs", ".com"),
    ];
    let mut found = Vec::new();
    for path in files() {
        let text = fs::read(Path::new(ROOT).join(&path)).unwrap();
        // Lock files name registries; bytes are no prose.
        let Ok(text) = String::from_utf8(text) else { continue };
        if path.file_name().is_some_and(|name| name == "Cargo.lock") {
            continue;
        }
        for word in words.iter().filter(|word| text.contains(**word)) {
            found.push(format!("{}: {word}", path.display()));
        }
    }
    none("left-over notes, machine paths or registry hosts", &found);
}

#[test]
fn no_text_for_shoppers_calls_goods_counterfeit() {
    let mut found = Vec::new();
    for ending in ["ftl", "html", "txt"] {
        for (path, text) in texts(ending) {
            let shown: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
            let shown = shown.join("\n").to_lowercase();
            for word in ["假货", "假貨"].into_iter().filter(|word| shown.contains(word)) {
                found.push(format!("{path}: {word}"));
            }
            if shown.split(|c: char| !c.is_ascii_alphabetic()).any(|word| word == "fake" || word == "fakes") {
                found.push(format!("{path}: fake"));
            }
        }
    }
    none("say \"beware\" and 谨防假冒", &found);
}

/// The words between backticks that look like a path of this repository.
fn paths_in(text: &str) -> impl Iterator<Item = &str> {
    const FOLDERS: [&str; 6] = ["src/", "channels/", "fixtures/", "config/", "scripts/", "tests/"];
    let quoted = text.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    quoted.filter(|word| {
        let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "_./-".contains(c));
        plain && FOLDERS.iter().any(|folder| word.starts_with(folder))
    })
}

/// Whether a path exists from the root or from a folder above the file that names it.
fn exists(named_in: &str, path: &str) -> bool {
    Path::new(named_in).ancestors().skip(1).any(|folder| Path::new(ROOT).join(folder).join(path).exists())
}

#[test]
fn every_path_that_is_named_exists() {
    let mut missing = Vec::new();
    for (file, text) in texts("md") {
        let links = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        let links = links.filter(|link| !link.is_empty() && !link.contains("://"));
        let paths = links.chain(paths_in(&text)).filter(|path| !exists(&file, path));
        missing.extend(paths.map(|path| format!("{file}: {path}")));
    }
    for (file, text) in texts("rs") {
        let head: String = text.lines().take_while(|line| line.starts_with("//!")).collect::<Vec<_>>().join("\n");
        missing.extend(paths_in(&head).filter(|path| !exists(&file, path)).map(|path| format!("{file}: {path}")));
    }
    none("named and not there", &missing);
}

#[test]
fn every_script_can_be_run() {
    let mut broken = Vec::new();
    let mut count = 0;
    for path in files() {
        let script = path.parent() == Some(Path::new("scripts")) || path == Path::new(".ci/run");
        if !script {
            continue;
        }
        count += 1;
        let full = Path::new(ROOT).join(&path);
        let mode = fs::metadata(&full).unwrap().permissions().mode();
        let text = fs::read_to_string(full).unwrap();
        if mode & 0o111 != 0o111 || !text.starts_with("#!/usr/bin/env ") {
            broken.push(path.display().to_string());
        }
        if text.starts_with("#!/usr/bin/env bash") && !text.contains("\nset -euo pipefail\n") {
            broken.push(format!("{} goes on after a failure", path.display()));
        }
    }
    assert!(count >= 3, "check, test and .ci/run are there");
    none("scripts that cannot be run", &broken);
}
