//! `verigate call`: a telephone call to a gateway, as a carrier would put it through.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use channel_voice::caller::{Call, Called, wav};
use channel_voice::media::Law;
use channel_voice::media::keypad::Way;
use clap::{Subcommand, ValueEnum};

use super::{other, ours};
use crate::compose;
use crate::failure::{Exit, Failure};

/// Telephone calls.
#[derive(Debug, Subcommand)]
pub(crate) enum Calls {
    /// Be a caller: call a gateway by SIP, press keys, and keep what is heard as a WAV file.
    Simulate(Box<Simulate>),
}

/// Be a caller: call a gateway by SIP, press keys, and keep what is heard as a WAV file.
#[derive(Debug, clap::Args)]
pub(crate) struct Simulate {
    /// The keys to press: 0-9, *, #, and a comma for a second of waiting. Spaces do nothing.
    #[arg(value_parser = keys)]
    keys: String,
    /// Where the gateway takes calls.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:5060")]
    gateway: SocketAddr,
    /// The number to call.
    #[arg(long, value_name = "NUMBER", default_value = "12365")]
    to: String,
    /// The caller's number.
    #[arg(long, value_name = "NUMBER", default_value = "+8613800138000")]
    from: String,
    /// How keys are sent.
    #[arg(long, value_enum, default_value_t = By::Rfc4733)]
    by: By,
    /// The codec to ask for.
    #[arg(long, value_enum, default_value_t = Codec::Pcma)]
    codec: Codec,
    /// Encrypt the sound (SRTP).
    #[arg(long)]
    srtp: bool,
    /// Milliseconds from the answer to the first key.
    #[arg(long, value_name = "MS", default_value_t = 1_000)]
    before: u32,
    /// Seconds after which the caller hangs up, if the gateway has not.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=600))]
    longest: u64,
    /// Where to write what was heard.
    #[arg(long, value_name = "FILE")]
    wav: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum By {
    /// As RTP events.
    Rfc4733,
    /// As SIP INFO.
    Info,
    /// As tones in the sound.
    Inband,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Codec {
    /// A-law.
    Pcma,
    /// µ-law.
    Pcmu,
}

fn keys(text: &str) -> Result<String, String> {
    let keys: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    match keys.chars().find(|c| !c.is_ascii_digit() && !matches!(c, '*' | '#' | ',')) {
        Some(odd) => Err(format!("{odd:?} is no key")),
        None => Ok(keys),
    }
}

impl Calls {
    /// Does it.
    pub(crate) fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        match self {
            Self::Simulate(simulate) => simulate.run(out),
        }
    }
}

impl Simulate {
    fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let call = Call {
            gateway: self.gateway,
            number: self.to.clone(),
            from: self.from.clone(),
            keys: self.keys.clone(),
            by: match self.by {
                By::Rfc4733 => Way::Event,
                By::Info => Way::Info,
                By::Inband => Way::Tone,
            },
            law: match self.codec {
                Codec::Pcma => Law::A,
                Codec::Pcmu => Law::Mu,
            },
            secure: self.srtp,
            before: Duration::from_millis(self.before.into()),
            longest: Duration::from_secs(self.longest),
        };
        let called = compose::runtime()?.block_on(call.place()).map_err(|error| other(Exit::Unavailable, error))?;
        let samples = called.heard.samples();
        if let Some(file) = &self.wav {
            let written = std::fs::write(file, wav(&samples));
            written.with_context(|| format!("cannot write {}", file.display())).map_err(ours)?;
        }
        say(&called, samples.len(), out)
    }
}

fn say(called: &Called, samples: usize, out: &mut dyn Write) -> Result<(), Failure> {
    let heard = &called.heard;
    writeln!(out, "answered after {:.0} ms, in {}", called.answered.as_secs_f64() * 1e3, heard.law)?;
    writeln!(
        out,
        "heard {:.1} s in {} packets, at most {:.0} ms apart",
        f64::from(u32::try_from(samples).unwrap_or(u32::MAX)) / 8_000.0,
        heard.packets,
        heard.longest_gap.as_secs_f64() * 1e3
    )?;
    if let Some(spoken) = called.spoken {
        writeln!(out, "spoken to {:.0} ms after the last key", spoken.as_secs_f64() * 1e3)?;
    }
    Ok(writeln!(out, "{}", if called.hung_up { "the gateway hung up" } else { "the caller hung up" })?)
}
