//! Reads anything as a configuration: an error says where, and nothing panics.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data)
        && let Err(error) = verigate::config::parse::<verigate::config::CoreConfig>(text, std::path::Path::new("fuzz.toml"))
    {
        assert!(!error.to_string().is_empty());
    }
});
