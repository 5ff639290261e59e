//! TLS on rustls with the ring provider: loading certificates and wrapping streams.
//!
//! Does not renew certificates by itself and keeps no list of clients: who may do what is the channel's.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::config::{TlsClient, TlsFiles};

/// Why a listener cannot speak TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A PEM file cannot be read or holds something else.
    #[error("cannot read {what} from {}", path.display())]
    Pem {
        /// What was expected in it.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: rustls::pki_types::pem::Error,
    },
    /// The file holds no certificate.
    #[error("no certificate in {}", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// Certificate and key do not go together.
    #[error("certificate and key do not serve together")]
    Pair(#[source] rustls::Error),
    /// An authority's certificate cannot be used.
    #[error("an authority in {} cannot be used", path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// What a listener shows, and what it shows next once the files have changed: connections that are open keep theirs.
#[derive(Debug, Clone)]
pub struct Certificates {
    shown: Arc<Mutex<Arc<ServerConfig>>>,
    protocols: Arc<[String]>,
}

/// Certificates that were read and can be shown.
#[derive(Debug)]
pub struct FreshCertificates {
    config: Arc<ServerConfig>,
    shown: Arc<Mutex<Arc<ServerConfig>>>,
}

impl Certificates {
    pub(crate) fn load(files: &TlsFiles, protocols: &[&str]) -> Result<Self, TlsError> {
        let protocols: Arc<[String]> = protocols.iter().map(|name| (*name).to_owned()).collect();
        Ok(Self { shown: Arc::new(Mutex::new(server(files, &protocols)?)), protocols })
    }

    pub(crate) fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.shown.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads files anew; nothing changes yet, and nothing where they cannot be used.
    ///
    /// # Errors
    /// [`TlsError`], by what is wrong with the files.
    pub fn read(&self, files: &TlsFiles) -> Result<FreshCertificates, TlsError> {
        Ok(FreshCertificates { config: server(files, &self.protocols)?, shown: Arc::clone(&self.shown) })
    }
}

impl FreshCertificates {
    /// Shows them to every connection that begins from now on.
    pub fn apply(self) {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = self.config;
    }
}

/// Reads certificate and key, and the authorities of clients' certificates; `protocols` are the ALPN names to offer, best
/// first.
///
/// # Errors
/// [`TlsError`], by what is wrong with the files.
fn server(files: &TlsFiles, protocols: &[String]) -> Result<Arc<ServerConfig>, TlsError> {
    let (chain, key) = pair(files)?;
    // The provider is named here so that no other crate's choice of a process-wide default can change it.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Pair)?;
    let builder = match &files.clients {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(authorities(path)?), provider)
                .build()
                .map_err(|source| TlsError::Authority { path: path.clone(), source: source.into() })?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder.with_single_cert(chain, key).map_err(TlsError::Pair)?;
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    Ok(Arc::new(config))
}

/// Reads the authorities that we trust with a server, and our own certificate.
///
/// # Errors
/// [`TlsError`], by what is wrong with the files.
pub(crate) fn client(files: &TlsClient) -> Result<Arc<ClientConfig>, TlsError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Pair)?
        .with_root_certificates(authorities(&files.authorities)?);
    let config = match &files.own {
        None => builder.with_no_client_auth(),
        Some(own) => {
            let (chain, key) = pair(own)?;
            builder.with_client_auth_cert(chain, key).map_err(TlsError::Pair)?
        }
    };
    Ok(Arc::new(config))
}

fn pair(files: &TlsFiles) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(pem("a private key", &files.key));
    Ok((chain(&files.certificates)?, key?))
}

fn authorities(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    for authority in chain(path)? {
        store.add(authority).map_err(|source| TlsError::Authority { path: path.to_owned(), source: source.into() })?;
    }
    Ok(store)
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let chain = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(pem("a certificate chain", path))?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate { path: path.to_owned() });
    }
    Ok(chain)
}

fn pem(what: &'static str, path: &Path) -> impl FnOnce(rustls::pki_types::pem::Error) -> TlsError {
    let path = path.to_owned();
    move |source| TlsError::Pem { what, path, source }
}
