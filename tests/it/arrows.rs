//! Who may depend on whom, and the proof that a machine refuses everything else.
//!
//! Each forbidden arrow is drawn in a scratch copy of the workspace and has to be refused: by cargo (a cycle), by cargo
//! deny (the wrappers in `.deny.toml`), by the rule in this file over cargo's metadata, or by the compiler (the core
//! alone). The copy holds our manifests without third-party dependencies and empty sources, so nothing is downloaded
//! and hardly anything compiled.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;
use toml::Table;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The arrows between our own crates that break the layout, as `from -> to`. Dependencies of tests are free.
fn forbidden(metadata: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        let from = package["name"].as_str().unwrap();
        for dependency in package["dependencies"].as_array().unwrap() {
            let to = dependency["name"].as_str().unwrap();
            let ours = dependency["path"].is_string();
            if ours && dependency["kind"] != "dev" && !allowed(from, to, dependency["optional"] == true) {
                found.push(format!("{from} -> {to}"));
            }
        }
    }
    found
}

fn allowed(from: &str, to: &str, optional: bool) -> bool {
    match from {
        "wording" | "net" => to == "contract",
        // The library sees the contract alone; what the program composes is optional.
        "verigate" => to == "contract" || (optional && to != "support"),
        "support" => true,
        channel if channel.starts_with("channel-") => matches!(to, "contract" | "wording" | "net"),
        // The contract depends on nothing of ours; a new crate has to be given its place here.
        _ => false,
    }
}

/// A copy of the workspace in which an arrow can be drawn.
struct Scratch(TempDir);

impl Scratch {
    fn copy() -> Self {
        let scratch = Self(tempfile::tempdir().unwrap());
        let root = manifest(Path::new(ROOT));
        let ours = our_crates(&root);
        let members = root["workspace"]["members"].as_array().unwrap().iter().map(|member| member.as_str().unwrap());
        for member in members.chain(["."]) {
            scratch.write_manifest(member, stripped(manifest(&Path::new(ROOT).join(member)), &ours));
            scratch.write(&format!("{member}/src/lib.rs"), "");
        }
        scratch.write("src/bin/verigate/main.rs", "fn main() {}\n");
        for driver in ["bench", "count", "crash"] {
            scratch.write(&format!("tests/support/src/bin/{driver}/main.rs"), "fn main() {}\n");
        }
        scratch.write(".deny.toml", &fs::read_to_string(Path::new(ROOT).join(".deny.toml")).unwrap());
        scratch
    }

    /// Adds a second channel that the program composes, as every channel is.
    fn with_second_channel(self) -> Self {
        let mut root = manifest(self.0.path());
        let workspace = root["workspace"].as_table_mut().unwrap();
        workspace["members"].as_array_mut().unwrap().push("channels/second".into());
        let path = Table::from_iter([("path".to_owned(), "channels/second".into())]);
        workspace["dependencies"].as_table_mut().unwrap().insert("channel-second".to_owned(), path.into());
        self.write_manifest(".", root);
        self.write_manifest(
            "channels/second",
            toml::from_str(
                "[package]\nname = \"channel-second\"\nversion = \"0.1.0\"\nedition = \"2024\"\npublish = false\n\
                 license = \"MIT\"\n[dependencies]\ncontract.workspace = true\n",
            )
            .unwrap(),
        );
        self.write("channels/second/src/lib.rs", "");
        self.depend(".", "channel-second", true);
        self
    }

    fn depend(&self, member: &str, on: &str, optional: bool) {
        let mut manifest = manifest(&self.0.path().join(member));
        let mut dependency = Table::from_iter([("workspace".to_owned(), true.into())]);
        if optional {
            dependency.insert("optional".to_owned(), true.into());
        }
        manifest["dependencies"].as_table_mut().unwrap().insert(on.to_owned(), dependency.into());
        self.write_manifest(member, manifest);
    }

    fn write_manifest(&self, member: &str, manifest: Table) {
        self.write(&format!("{member}/Cargo.toml"), &toml::to_string(&manifest).unwrap());
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn cargo(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO"))
            .args(arguments)
            .current_dir(self.0.path())
            .env("CARGO_TARGET_DIR", self.0.path().join("target"))
            .output()
            .expect("cargo runs")
    }

    /// Whether cargo sees no cycle.
    fn resolves(&self) -> Result<Value, String> {
        let output = self.cargo(&["metadata", "--offline", "--format-version", "1"]);
        if !output.status.success() {
            return Err(said(&output));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
    }

    /// Whether cargo deny lets every arrow pass.
    fn passes_deny(&self) -> Result<(), String> {
        let output = self.cargo(&["deny", "--offline", "--workspace", "check", "--hide-inclusion-graph", "bans"]);
        let text = said(&output);
        assert!(!text.contains("no such command"), "cargo deny is needed here; scripts/test installs it");
        if output.status.success() { Ok(()) } else { Err(text) }
    }

    /// Whether the library compiles without the program.
    fn core_stands_alone(&self) -> Result<(), String> {
        let output = self.cargo(&["check", "--offline", "--lib", "--no-default-features"]);
        if output.status.success() { Ok(()) } else { Err(said(&output)) }
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn manifest(folder: &Path) -> Table {
    fs::read_to_string(folder.join("Cargo.toml")).unwrap().parse().unwrap()
}

/// The names of our crates, which are those that the workspace knows by a path.
fn our_crates(root: &Table) -> Vec<String> {
    let known = root["workspace"]["dependencies"].as_table().unwrap();
    known.iter().filter(|(_, dependency)| dependency.get("path").is_some()).map(|(name, _)| name.clone()).collect()
}

/// A manifest with the dependencies on our own crates only, and without tests and examples.
fn stripped(mut manifest: Table, ours: &[String]) -> Table {
    let keep = |table: &mut Table| table.retain(|name, _| ours.iter().any(|our| our == name));
    for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
        if let Some(table) = manifest.get_mut(section) {
            keep(table.as_table_mut().unwrap());
        }
    }
    if let Some(workspace) = manifest.get_mut("workspace") {
        keep(workspace["dependencies"].as_table_mut().unwrap());
    }
    if let Some(features) = manifest.get_mut("features") {
        for (_, list) in features.as_table_mut().unwrap() {
            list.as_array_mut().unwrap().retain(|feature| {
                let name = feature.as_str().unwrap().trim_start_matches("dep:");
                let of = name.split(['/', '?']).next().unwrap();
                of == name && !feature.as_str().unwrap().starts_with("dep:") || ours.iter().any(|our| our == of)
            });
        }
    }
    for target in ["test", "bench", "example"] {
        manifest.remove(target);
    }
    manifest
}

#[test]
fn the_workspace_has_no_forbidden_arrow() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--no-deps", "--format-version", "1"])
        .current_dir(ROOT)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(forbidden(&serde_json::from_slice(&output.stdout).unwrap()), Vec::<String>::new());
}

#[test]
fn a_copy_without_a_new_arrow_is_accepted_by_every_machine() {
    let scratch = Scratch::copy().with_second_channel();
    assert_eq!(forbidden(&scratch.resolves().unwrap()), Vec::<String>::new());
    scratch.passes_deny().unwrap();
    scratch.core_stands_alone().unwrap();
}

#[test]
fn an_arrow_from_a_channel_to_the_core_is_a_cycle() {
    for (member, on) in [("channels/http", "verigate"), ("channels/wording", "verigate"), ("channels/net", "verigate")]
    {
        refused_by_cargo(member, on);
    }
}

#[test]
fn an_arrow_from_the_contract_to_anything_of_ours_is_a_cycle() {
    for on in ["wording", "net", "channel-http", "verigate", "support"] {
        refused_by_cargo("channels/contract", on);
    }
}

fn refused_by_cargo(member: &str, on: &str) {
    let scratch = Scratch::copy();
    scratch.depend(member, on, false);
    let refusal = scratch.resolves().expect_err(member);
    assert!(refusal.contains("cyclic package dependency"), "{member} -> {on}: {refusal}");
}

#[test]
fn an_arrow_between_channels_is_denied() {
    let scratch = Scratch::copy().with_second_channel();
    scratch.depend("channels/second", "channel-http", false);
    refused_by_deny_and_rule(&scratch, "channel-second", "channel-http");

    let scratch = Scratch::copy().with_second_channel();
    scratch.depend("channels/http", "channel-second", false);
    assert_eq!(forbidden(&scratch.resolves().unwrap()), ["channel-http -> channel-second"]);
}

#[test]
fn an_arrow_between_wording_and_net_is_denied() {
    for (from, to) in [("wording", "net"), ("net", "wording")] {
        let scratch = Scratch::copy();
        scratch.depend(&format!("channels/{from}"), to, false);
        refused_by_deny_and_rule(&scratch, from, to);
    }
}

fn refused_by_deny_and_rule(scratch: &Scratch, from: &str, to: &str) {
    assert_eq!(forbidden(&scratch.resolves().unwrap()), [format!("{from} -> {to}")]);
    let refusal = scratch.passes_deny().expect_err(from);
    assert!(refusal.contains("error[banned]") && refusal.contains(to), "{from} -> {to}: {refusal}");
}

#[test]
fn the_library_cannot_name_a_channel() {
    let scratch = Scratch::copy();
    scratch.write("src/lib.rs", "use channel_http as _;\n");
    let refusal = scratch.core_stands_alone().expect_err("a channel is optional");
    assert!(refusal.contains("channel_http"), "{refusal}");

    // The way around that is to make the channel a dependency of everyone: the rule refuses it.
    scratch.depend(".", "channel-http", false);
    assert_eq!(forbidden(&scratch.resolves_without_features()), ["verigate -> channel-http"]);
}

impl Scratch {
    /// The metadata where a dependency that a feature names is no longer optional: the feature goes with it.
    fn resolves_without_features(&self) -> Value {
        let mut root = manifest(self.0.path());
        root["features"].as_table_mut().unwrap().insert("program".to_owned(), toml::Value::Array(Vec::new()));
        self.write_manifest(".", root);
        self.resolves().unwrap()
    }
}

#[test]
fn what_tests_use_stays_with_the_tests() {
    for (member, from) in [(".", "verigate"), ("channels/http", "channel-http")] {
        let scratch = Scratch::copy();
        scratch.depend(member, "support", false);
        // The drivers of scripts/ know the core, so that cargo itself sees a cycle; the rule of ours stands behind it.
        match scratch.resolves() {
            Ok(resolved) => assert_eq!(forbidden(&resolved), [format!("{from} -> support")]),
            Err(refused) => assert!(refused.contains("cyclic package dependency"), "{refused}"),
        }
    }
}

#[test]
fn every_channel_is_fenced_in() {
    let root = manifest(Path::new(ROOT));
    let channels: Vec<String> = our_crates(&root).into_iter().filter(|name| name.starts_with("channel-")).collect();
    assert!(!channels.is_empty());
    let deny: Table = fs::read_to_string(Path::new(ROOT).join(".deny.toml")).unwrap().parse().unwrap();
    let wrappers = |name: &str| -> Vec<String> {
        let bans = deny["bans"]["deny"].as_array().unwrap();
        let ban = bans.iter().find(|ban| ban["crate"].as_str() == Some(name));
        let ban = ban.unwrap_or_else(|| panic!(".deny.toml says nothing of {name}"));
        let mut names: Vec<_> =
            ban["wrappers"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    for channel in &channels {
        assert_eq!(wrappers(channel), ["verigate"], "{channel}");
    }
    let mut with_words = channels;
    with_words.push("verigate".to_owned());
    with_words.sort();
    assert_eq!(wrappers("wording"), with_words);
    assert_eq!(wrappers("net"), with_words);
    assert_eq!(wrappers("verigate"), ["support"]);
}
