//! What the program says of itself: lines on standard error, numbers for Prometheus.
//!
//! Owns the form of the lines, which of them are written, and the registry of metrics. Names no metric and words no
//! line: those are types in [`contract::signal`]. Opens no socket; the page of metrics is served by a channel.

use contract::signal::Metric;
use metrics::Recorder as _;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::config::{Format, Level, Log};

/// Why the program cannot be observed.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    /// The log or the metrics were set up before in this process.
    #[error("{what} are set up twice in one process")]
    Twice {
        /// Which.
        what: &'static str,
    },
    /// The exporter refused its settings.
    #[error("the metrics exporter cannot be built")]
    Exporter {
        /// Why.
        source: BuildError,
    },
}

/// Writes the log of this process to standard error from now on.
///
/// # Errors
/// [`ObserveError::Twice`].
pub fn start_log(log: Log) -> Result<(), ObserveError> {
    tracing::subscriber::set_global_default(lines(log, std::io::stderr))
        .map_err(|_| ObserveError::Twice { what: "log lines" })
}

/// A subscriber that writes lines in the form and at the level asked for.
pub fn lines<W>(log: Log, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let form = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(false);
    let form = match log.format {
        Format::Text => form.boxed(),
        Format::Json => form.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry().with(form.with_filter(levels(log.level)))
}

/// Our own crates, and so the ones whose lines below INFO are known to be fit for a log.
const OURS: [&str; 8] =
    ["verigate", "contract", "wording", "net", "channel_http", "channel_sms", "channel_voice", "channel_kiosk"];

/// Ours at the level asked for, everyone else's at INFO at most: libraries write bodies and headers below it.
fn levels(level: Level) -> Targets {
    let level = match level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    };
    // The SIP stack writes whole messages at INFO, keys among them.
    let stack = ("rsipstack", level.min(LevelFilter::WARN));
    let targets = Targets::new().with_default(level.min(LevelFilter::INFO)).with_targets([stack]);
    targets.with_targets(OURS.map(|crate_name| (crate_name, level)))
}

/// The page of metrics.
#[derive(Debug, Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
}

impl Metrics {
    /// Collects every metric of this process from now on.
    ///
    /// # Errors
    /// [`ObserveError::Twice`], [`ObserveError::Exporter`].
    pub fn start() -> Result<Self, ObserveError> {
        let (recorder, page) = collector()?;
        metrics::set_global_recorder(recorder).map_err(|_| ObserveError::Twice { what: "metrics" })?;
        Ok(page)
    }

    /// All metrics in Prometheus' text format (version 0.0.4, UTF-8).
    #[must_use]
    pub fn render(&self) -> String {
        self.handle.render()
    }

    /// Folds what was measured since into the buckets. To be called every few seconds: between two calls every single
    /// measurement is kept, and nobody may ever read the page.
    pub fn fold(&self) {
        self.handle.run_upkeep();
    }
}

/// Bounds in seconds, for what a person waits for: fine around the 300 ms that EU 2016/161 art. 35 allows for 95 % of
/// queries, up to the half minute after which nobody listens.
const WAIT_SECONDS: [f64; 14] = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 10.0, 30.0];

/// Bounds in seconds, for one commit: from a good NVMe disk to one that is dying.
const COMMIT_SECONDS: [f64; 12] = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.0];

/// Bounds in seconds, for a telephone call.
const CALL_SECONDS: [f64; 8] = [1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0];

/// Bounds in events, for one group.
const GROUP_EVENTS: [f64; 11] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

fn collector() -> Result<(PrometheusRecorder, Metrics), ObserveError> {
    let mut builder = PrometheusBuilder::new();
    for metric in Metric::ALL {
        if let Kind::Histogram(bounds) = Kind::of(metric) {
            builder = builder
                .set_buckets_for_metric(Matcher::Full(metric.name().to_owned()), bounds)
                .map_err(|source| ObserveError::Exporter { source })?;
        }
    }
    let recorder = builder.build_recorder();
    for metric in Metric::ALL {
        let (name, help) = (metric.name().into(), metric.help().into());
        match Kind::of(metric) {
            Kind::Counter => recorder.describe_counter(name, None, help),
            Kind::Gauge => recorder.describe_gauge(name, None, help),
            Kind::Histogram(_) => recorder.describe_histogram(name, None, help),
        }
    }
    let page = Metrics { handle: recorder.handle() };
    Ok((recorder, page))
}

enum Kind {
    Counter,
    Gauge,
    Histogram(&'static [f64]),
}

impl Kind {
    const fn of(metric: Metric) -> Self {
        match metric {
            Metric::InquiriesTotal
            | Metric::VerdictsTotal
            | Metric::RefusalsTotal
            | Metric::ReplaysTotal
            | Metric::LedgerCommitFailuresTotal
            | Metric::ConnectionsRefusedTotal
            | Metric::LinkEventsTotal
            | Metric::SmsProbeFailuresTotal
            | Metric::TerminalEventsTotal
            | Metric::CallsTotal
            | Metric::CallPacketsTotal
            | Metric::CallPacketsLateTotal
            | Metric::SipDroppedTotal
            | Metric::LimitedTotal
            | Metric::GuessersTotal
            | Metric::AlarmsTotal => Self::Counter,
            Metric::HistoryHotUnits
            | Metric::HistoryLagEvents
            | Metric::OwedReplies
            | Metric::ConnectionsOpen
            | Metric::LinkConnections
            | Metric::LinkWaiting
            | Metric::TerminalsConnected
            | Metric::TerminalsSilent
            | Metric::CallsActive
            | Metric::AlarmsOn => Self::Gauge,
            Metric::InquirySeconds | Metric::SmsProbeSeconds => Self::Histogram(&WAIT_SECONDS),
            Metric::CallSeconds => Self::Histogram(&CALL_SECONDS),
            Metric::LedgerCommitSeconds => Self::Histogram(&COMMIT_SECONDS),
            Metric::LedgerGroupEvents => Self::Histogram(&GROUP_EVENTS),
        }
    }
}

#[cfg(test)]
mod tests;
