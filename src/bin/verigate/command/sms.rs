//! `verigate sms`: the links of the running gateway, and a text by a real link.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use channel_sms::{Ask, Handset, Secret};
use clap::Subcommand;
use net::TlsClient;
use serde_json::Value;
use verigate::config::{ProcessEnvironment, SecretRef};

use super::channel::{self, Column, asked, text, whole};
use super::{Shared, json, other};
use crate::compose;
use crate::failure::{Exit, Failure};

/// The links of the running gateway, and a text by a real link.
#[derive(Debug, Subcommand)]
pub(crate) enum Sms {
    /// Show every link: what is connected, what waits, what happened since the gateway came up.
    Links {
        /// As JSON, with every count.
        #[arg(long)]
        json: bool,
    },
    /// Hold a link: it takes its leave and stays down until it is resumed or the gateway starts anew. Replies wait.
    Suspend {
        /// The link.
        link: String,
    },
    /// Let a link go on.
    Resume {
        /// The link.
        link: String,
    },
    /// Be a handset: text something to a gateway as a carrier would pass it on, and show the reply.
    Send(Send),
}

/// Be a handset: text something to a gateway as a carrier would pass it on, and show the reply.
#[derive(Debug, clap::Args)]
pub(crate) struct Send {
    /// What to text.
    text: String,
    /// The handset's number, in international form without a plus sign.
    #[arg(long, value_name = "NUMBER", default_value = "8613800138000")]
    from: String,
    /// The number to text to.
    #[arg(long, value_name = "NUMBER", default_value = "12365")]
    to: String,
    /// Where the gateway lets carriers bind.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:2775")]
    server: String,
    /// The account to bind with.
    #[arg(long, value_name = "NAME", default_value = "demo")]
    system_id: String,
    /// A file with its password, on one line; without it the demo's.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// TLS: a file with the certificates that the server's has to come from. Without it the text goes in the clear.
    #[arg(long, value_name = "FILE")]
    authorities: Option<PathBuf>,
    /// The name in the server's certificate, where it is not the host's.
    #[arg(long, value_name = "NAME", requires = "authorities")]
    tls_name: Option<String>,
    /// Seconds to wait for the reply.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    wait: u64,
}

impl Sms {
    /// Does it.
    pub(crate) fn run(&self, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
        match self {
            Self::Links { json: as_json } => {
                let links = asked(shared, compose::SMS, &Ask::Links)?;
                if *as_json { json(out, &links) } else { table(&links, out) }
            }
            Self::Suspend { link } => {
                asked(shared, compose::SMS, &Ask::Suspend { link: link.clone() })?;
                Ok(writeln!(out, "{link} is suspended")?)
            }
            Self::Resume { link } => {
                asked(shared, compose::SMS, &Ask::Resume { link: link.clone() })?;
                Ok(writeln!(out, "{link} goes on")?)
            }
            Self::Send(send) => send.run(out),
        }
    }
}

impl Send {
    fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let password = match &self.password_file {
            Some(file) => SecretRef::File(file.clone())
                .text(&ProcessEnvironment)
                .map_err(Failure::Configuration)?
                .expose()
                .to_owned(),
            None => "demo".to_owned(),
        };
        let handset = Handset {
            server: self.server.clone(),
            tls: self.authorities.clone().map(|authorities| TlsClient {
                authorities,
                name: self.tls_name.clone(),
                own: None,
            }),
            system_id: self.system_id.clone(),
            password: Secret(password),
            from: self.from.clone(),
            to: self.to.clone(),
        };
        let replied = compose::runtime()?
            .block_on(handset.text(&self.text, Duration::from_secs(self.wait)))
            .map_err(|error| other(Exit::Unavailable, error))?;
        let (segments, took) = (replied.segments, replied.took.as_secs_f64() * 1e3);
        writeln!(out, "{}\n({segments} segment{}, {took:.1} ms)", replied.words, if segments == 1 { "" } else { "s" })?;
        Ok(())
    }
}

fn table(said: &Value, out: &mut dyn Write) -> Result<(), Failure> {
    let columns = [
        Column::left("link", 20, |link| text(link, "/name")),
        Column::left("group", 20, |link| text(link, "/group")),
        Column::left("state", 9, |link| text(link, "/state")),
        Column::right("binds", 5, |link| {
            link.get("connections").and_then(Value::as_array).map_or(0, Vec::len).to_string()
        }),
        Column::right("texts", 9, |link| whole(link, "/counts/texts_in").to_string()),
        Column::right("replies", 9, |link| whole(link, "/counts/taken").to_string()),
        Column::right("refused", 8, |link| whole(link, "/counts/refused").to_string()),
        Column::right("resent", 7, |link| whole(link, "/counts/resent").to_string()),
        Column::right("waiting", 7, |link| whole(link, "/waiting").to_string()),
    ];
    channel::table(&columns, said.get("links").and_then(Value::as_array).into_iter().flatten(), out)?;
    let (owed, taken_over) = (whole(said, "/owed"), whole(said, "/taken_over"));
    writeln!(out, "{owed} replies owed; {taken_over} were still owed when the gateway came up")?;
    let probe = said.get("probe").cloned().unwrap_or_default();
    match (probe.get("fault").and_then(Value::as_str), probe.get("took_ms").and_then(Value::as_f64)) {
        (Some(fault), _) => writeln!(out, "a text of the gateway's own got no reply: {fault}")?,
        (None, Some(took)) => writeln!(out, "a text of the gateway's own was replied to in {took:.1} ms")?,
        (None, None) => {}
    }
    Ok(())
}
