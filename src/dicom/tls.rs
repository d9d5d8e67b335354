//! TLS 1.2 and 1.3, as PS3.15 annex B asks for: for the receiver, with or without the certificates of senders; for the
//! sender, with or without one of its own.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
    server::{VerifierBuilderError, WebPkiClientVerifier},
};

/// The files that the receiver's TLS is set up from, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// Our certificate, and those between it and its root.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The roots of senders' certificates; none: senders need no certificate.
    pub senders: Option<PathBuf>,
}

/// The files that the sender's TLS is set up from, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientFiles {
    /// The roots of the certificates of those who are sent to. Those of the operating system do not count.
    pub roots: PathBuf,
    /// Our certificate, and its private key, where the other side wants one.
    pub own: Option<(PathBuf, PathBuf)>,
}

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or is not in PEM.
    #[error("cannot read {}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: pem::Error,
    },
    /// A file has no certificate in it, or none that can be used.
    #[error("there is no certificate that can be used in {}", .0.display())]
    Empty(PathBuf),
    /// Certificate and key do not fit, or are of a kind that is not known.
    #[error("the certificate {} cannot be used with its key: {source}", .path.display())]
    Certificate {
        /// The certificate.
        path: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// The roots of senders cannot be used.
    #[error("the senders' certificates in {} cannot be used: {source}", .path.display())]
    Senders {
        /// The file.
        path: PathBuf,
        /// Why.
        source: VerifierBuilderError,
    },
}

impl TlsFiles {
    /// Reads the files.
    ///
    /// # Errors
    /// A file is missing, broken, or does not fit to the others.
    pub fn load(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let chain = certificates(&self.certificate)?;
        let key = private_key(&self.key)?;
        let provider = Arc::new(ring::default_provider());
        let fault = |source| TlsError::Certificate { path: self.certificate.clone(), source };
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(fault)?;
        let builder = match &self.senders {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots(path)?), provider)
                    .build()
                    .map_err(|source| TlsError::Senders { path: path.clone(), source })?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        builder.with_single_cert(chain, key).map(Arc::new).map_err(fault)
    }
}

impl ClientFiles {
    /// Reads the files.
    ///
    /// # Errors
    /// A file is missing, broken, or does not fit to the others.
    pub fn load(&self) -> Result<Arc<ClientConfig>, TlsError> {
        let path = self.own.as_ref().map_or(&self.roots, |(certificate, _)| certificate);
        let fault = |source| TlsError::Certificate { path: path.clone(), source };
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(fault)?
            .with_root_certificates(roots(&self.roots)?);
        let Some((certificate, key)) = &self.own else { return Ok(Arc::new(builder.with_no_client_auth())) };
        let config = builder.with_client_auth_cert(certificates(certificate)?, private_key(key)?);
        config.map(Arc::new).map_err(fault)
    }
}

fn roots(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    match roots.add_parsable_certificates(certificates(path)?) {
        (0, _) => return Err(TlsError::Empty(path.to_owned())),
        (_, 0) => {}
        (_, unusable) => {
            tracing::warn!(path = %path.display(), unusable, "some certificates cannot be used as roots");
        }
    }
    Ok(roots)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(path).map_err(|source| TlsError::File { path: path.to_owned(), source })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let fault = |source| TlsError::File { path: path.to_owned(), source };
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).map_err(fault)?.collect();
    match found.map_err(fault)? {
        empty if empty.is_empty() => Err(TlsError::Empty(path.to_owned())),
        chain => Ok(chain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_of_which_none_can_be_used_are_an_error_that_names_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roots.pem");
        for text in ["", "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n"] {
            std::fs::write(&path, text).unwrap();
            let error = ClientFiles { roots: path.clone(), own: None }.load().unwrap_err();
            assert!(matches!(&error, TlsError::Empty(told) if *told == path), "{text:?}: {error}");
        }
    }
}
