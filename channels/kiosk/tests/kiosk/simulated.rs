//! The simulated stock device on lines that the gateway opens, and one that a serial server dials.

use channel_kiosk::simulate::{Device, Input, Line, Shown, Simulated};
use support::wait_for;
use tokio::sync::mpsc;

use super::*;

const NUMBER: &str = "20060425000000000000";

struct Stock {
    inputs: mpsc::Sender<Input>,
    shown: mpsc::Receiver<Shown>,
    device: Device,
    running: JoinHandle<()>,
}

impl Stock {
    fn new(simulated: Simulated) -> Self {
        let (inputs, coming) = mpsc::channel(16);
        let (show, shown) = mpsc::channel(64);
        Self { inputs, shown, device: Device::new(None, 20, 2), running: tokio::spawn(simulated.run(coming, show)) }
    }

    async fn scan(&self, code: &str) {
        self.inputs.send(Input::Scan { code: code.to_owned(), keyed: false }).await.unwrap();
    }

    /// Until the device shows what is wanted.
    async fn until(&mut self, what: &str, holds: impl Fn(&Device) -> bool) {
        let looking = async {
            while !holds(&self.device) {
                match self.shown.recv().await.expect("it goes on") {
                    Shown::Octets(octets) => drop(self.device.handle_octets(&octets)),
                    Shown::Up | Shown::Down(_) | Shown::Event(_) | Shown::Dropped(_) => {}
                }
            }
        };
        assert!(tokio::time::timeout(BOUND, looking).await.is_ok(), "waited in vain for {what}: {:?}", self.device);
    }
}

fn free() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[tokio::test]
async fn a_counter_behind_a_terminal_server_is_dialled_raw_and_by_rfc_2217() {
    for remote in [false, true] {
        let address = free();
        let mut stock = Stock::new(Simulated::new(Line::Listen { address: address.clone(), remote }, None));
        let section = format!(
            "[[terminal]]\nname = \"far\"\ndial = {{ address = \"{address}\", rfc2217 = {remote} }}\nserial = {{ baud = 19200 }}\n\
             device = {{ output = [\"ack\", \"cd5220\", \"escpos\"], encoding = \"gbk\", on_connect = \"process\" }}\n"
        );
        let running = Running::start(&section).await;
        wait_for("the line is up", || running.is_up("far")).await;
        stock.scan(NUMBER).await;
        stock.until("a receipt", |device| !device.paper().is_empty() && device.display()[0] == "编号有效").await;
        let came = running.reach("far").await;
        assert_eq!((&came["answered"]["by"], &came["answered"]["paper"]), (&"printer".into(), &true.into()), "{came}");
        stock.inputs.send(Input::Paper(false)).await.unwrap();
        stock.inputs.send(Input::Language("en".to_owned())).await.unwrap();
        stock.until("another language", |device| device.display()[0] == "English").await;
        let came = running.reach("far").await;
        assert_eq!(came["answered"]["paper"], false, "{came}");
        assert_eq!((running.counted("far", "failed"), running.counted("far", "unreadable")), (0, 0));
        stock.running.abort();
        running.end().await;
    }
}

#[tokio::test]
async fn a_scanner_cannot_be_asked_but_its_terminal_server_can() {
    for (remote, wanted) in [(false, "\"cannot_be_asked\""), (true, "\"timing_mark\"")] {
        let address = free();
        let stock = Stock::new(Simulated::new(Line::Listen { address: address.clone(), remote }, None));
        let section = format!(
            "[[terminal]]\nname = \"far\"\ndial = {{ address = \"{address}\", rfc2217 = {remote} }}\n\
             device = {{ output = [\"ack\"], on_connect = \"process\" }}\n"
        );
        let running = Running::start(&section).await;
        wait_for("the line is up", || running.is_up("far")).await;
        let came = running.reach("far").await.to_string();
        assert!(came.contains(wanted), "{came}");
        stock.running.abort();
        running.end().await;
    }
}

#[tokio::test]
async fn a_serial_server_registers_and_a_block_device_acknowledges() {
    let section = "[[server]]\nlisten = \"127.0.0.1:0\"\n[[terminal]]\nname = \"a\"\nregistration = { env = \"D4AD20A1\" }\n\
                   device = { output = [\"stx-lrc\"], language = \"en\", on_connect = \"process\", heartbeat = \"HB\" }\n";
    let running = Running::start(section).await;
    let mut simulated = Simulated::new(Line::Tcp(running.addresses[0].to_string(), None), None);
    simulated.registration = "D4AD20A1".to_owned();
    simulated.heartbeat = "HB".to_owned();
    let mut stock = Stock::new(simulated);
    wait_for("the line is up", || running.is_up("a")).await;
    let came = running.reach("a").await;
    assert_eq!((&came["answered"]["by"], &came["answered"]["ready"]), (&"enquiry".into(), &true.into()), "{came}");
    stock.scan(NUMBER).await;
    stock.until("the verdict", |device| device.text().iter().any(|line| line == "genuine_first")).await;
    stock.inputs.send(Input::Plug(false)).await.unwrap();
    wait_for("the line is down", || !running.is_up("a")).await;
    stock.scan(NUMBER).await;
    stock.inputs.send(Input::Plug(true)).await.unwrap();
    wait_for("the line is up again", || running.is_up("a")).await;
    assert_eq!((running.counted("a", "unacknowledged"), running.core.recorded()), (0, 1));
    stock.running.abort();
    running.end().await;
}
