//! Pseudo terminals in place of scanners, opened by the program or by `ser2net` in front of it.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use tokio_serial::{SerialPort as _, SerialStream};

use super::scan::{Came, scan};
use super::{EVERY, Ground, STUCK, TERMINALS, TOLD, free};

/// A scanner on a cable: its end, and the path at which the other end is found.
pub(super) struct Scanner {
    pub(super) ours: SerialStream,
    pub(super) path: String,
    /// Held, or our end would be gone until somebody opens theirs.
    held: File,
}

impl Scanner {
    pub(super) fn new() -> anyhow::Result<Self> {
        let (ours, mut theirs) = SerialStream::pair()?;
        theirs.set_exclusive(false)?;
        let path = theirs.name().context("a pseudo terminal without a name")?;
        let held = OpenOptions::new().read(true).write(true).custom_flags(NOCTTY).open(&path)?;
        Ok(Self { ours, path, held })
    }
}

/// It does not become this program's terminal (`O_NOCTTY`, fcntl.h of Linux).
const NOCTTY: i32 = 0o400;

/// On the schedule, the program at the other ends.
pub(super) fn on_ttys(ground: &Ground, run: Duration) -> anyhow::Result<Came> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let scanners: Vec<Scanner> = (0..TERMINALS).map(|_| Scanner::new()).collect::<anyhow::Result<_>>()?;
        let section = scanners.iter().enumerate().map(|(nth, scanner)| {
            format!("[[kiosk.terminal]]\nname = \"till-{nth}\"\ntty = \"{}\"\ndevice = {TOLD}\n", scanner.path)
        });
        let gateway = ground.start(&section.collect::<String>())?;
        gateway.until_up(TERMINALS).await?;
        on_schedule(ground, scanners, run).await
    })
}

/// On the schedule, with `ser2net` between the pseudo terminals and the program.
pub(super) fn behind_ser2net(ground: &Ground, run: Duration) -> anyhow::Result<Came> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let scanners: Vec<Scanner> = (0..TERMINALS).map(|_| Scanner::new()).collect::<anyhow::Result<_>>()?;
        let (mut section, mut connections) = (String::new(), String::new());
        let addresses = free(TERMINALS)?;
        for ((nth, scanner), address) in scanners.iter().enumerate().zip(&addresses) {
            let remote = nth % 2 == 1;
            section += &format!(
                "[[kiosk.terminal]]\nname = \"far-{nth}\"\ndial = {{ address = \"{address}\", rfc2217 = {remote} }}\n\
                 device = {TOLD}\n"
            );
            let accepter = if remote { "telnet(rfc2217),tcp" } else { "tcp" };
            connections += &format!(
                "connection: &far{nth}\n  accepter: {accepter},127.0.0.1,{}\n  connector: serialdev,{},9600n81,local\n",
                address.port(),
                scanner.path
            );
        }
        let _server = Server::start(ground, &connections)?;
        for address in &addresses {
            until_listening(address.port()).await?;
        }
        let gateway = ground.start(&section)?;
        gateway.until_up(TERMINALS).await?;
        // The server opens a tty when it is dialled, and takes the port's settings when it is asked.
        tokio::time::sleep(Duration::from_secs(1)).await;
        on_schedule(ground, scanners, run).await
    })
}

async fn on_schedule(ground: &Ground, scanners: Vec<Scanner>, run: Duration) -> anyhow::Result<Came> {
    let (mut lines, mut all_held) = (Vec::new(), Vec::new());
    for (nth, Scanner { ours, held, .. }) in scanners.into_iter().enumerate() {
        lines.push((ours, ground.share(nth, TERMINALS)));
        all_held.push(held);
    }
    let came = scan(lines, run, Some(EVERY), true).await;
    drop(all_held);
    came
}

/// Waits until somebody listens at a port, without dialling it.
async fn until_listening(port: u16) -> anyhow::Result<()> {
    let until = Instant::now() + STUCK;
    // The local address, the remote one, and 0A for a listener (proc(5)).
    let wanted = format!(":{port:04X} 00000000:0000 0A");
    while !fs::read_to_string("/proc/net/tcp")?.contains(&wanted) {
        ensure!(Instant::now() < until, "ser2net does not listen at {port}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// `ser2net`; killed when dropped.
struct Server(Child);

impl Server {
    fn start(ground: &Ground, connections: &str) -> anyhow::Result<Self> {
        let config = ground.dir.join("ser2net.yaml");
        fs::write(&config, connections)?;
        let log = File::create(ground.dir.join("ser2net.log"))?;
        let mut command = Command::new("ser2net");
        command.args(["-n", "-d", "-c"]).arg(&config).arg("-P").arg(ground.dir.join("ser2net.pid"));
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        Ok(Self(command.spawn().context("ser2net is not installed: run `scripts/test` once")?))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
