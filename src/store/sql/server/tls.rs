//! TLS to a server, as strict as the URL asks for.

use std::{
    future::Future,
    io,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{self, CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::{
    Socket,
    tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream},
};

use crate::{
    store_place::{ServerPlace, TlsMode},
    text::shown,
};

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub(super) enum SetUpError {
    /// A file cannot be read, or is not in PEM.
    #[error("{} cannot be read as PEM: {why}", shown(.path))]
    File { path: PathBuf, why: String },
    /// There is nothing to check the server's certificate by.
    #[error(
        "there are no roots to check the server's certificate by: name their file with sslrootcert in the URL"
    )]
    NoRoots,
    /// What was given does not fit together.
    #[error("{0}")]
    Unfit(TlsError),
}

/// Makes the TLS of connections to one place.
#[derive(Clone)]
pub(super) struct Connector(Arc<ClientConfig>);

/// Reads what the URL names for TLS.
pub(super) fn connector(place: &ServerPlace) -> Result<Connector, SetUpError> {
    let provider = Arc::new(ring::default_provider());
    let roots = match (place.tls(), roots(place)?) {
        (TlsMode::Disable | TlsMode::Prefer, _) | (TlsMode::Require, None) => None,
        // As libpq: where there are roots, a mode that only asks for TLS checks by them all the same.
        (TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull, Some(roots)) => Some(roots),
        (TlsMode::VerifyCa | TlsMode::VerifyFull, None) => return Err(SetUpError::NoRoots),
    };
    let by_roots = roots.map(|roots| {
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build()
    });
    let by_roots = by_roots.transpose();
    let by_roots = by_roots.map_err(|error| SetUpError::Unfit(TlsError::General(error.to_string())))?;
    let verifier: Arc<dyn ServerCertVerifier> = match by_roots {
        Some(by_roots) if place.tls() == TlsMode::VerifyFull => by_roots,
        by_roots => Arc::new(AnyName { by_roots, provider: Arc::clone(&provider) }),
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(SetUpError::Unfit)?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let config = match place.own_certificate() {
        None => config.with_no_client_auth(),
        Some((certificate, key)) => {
            let unreadable = |why: rustls::pki_types::pem::Error| SetUpError::File {
                path: key.to_owned(),
                why: why.to_string(),
            };
            let key = PrivateKeyDer::from_pem_file(key).map_err(unreadable)?;
            config.with_client_auth_cert(certificates(certificate)?, key).map_err(SetUpError::Unfit)?
        }
    };
    Ok(Connector(Arc::new(config)))
}

/// The roots that the URL names, or those where libpq looks for them.
fn roots(place: &ServerPlace) -> Result<Option<RootCertStore>, SetUpError> {
    let at_home = || etcetera::home_dir().ok().map(|home| home.join(".postgresql/root.crt"));
    let file = match place.root_certificates() {
        Some(file) => file.to_owned(),
        None => match at_home().filter(|file| file.exists()) {
            Some(file) => file,
            None => return Ok(None),
        },
    };
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates(&file)?);
    Ok(Some(roots))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, SetUpError> {
    let unreadable = |why: &dyn ToString| SetUpError::File { path: path.to_owned(), why: why.to_string() };
    let read = CertificateDer::pem_file_iter(path).map_err(|why| unreadable(&why))?;
    let found: Vec<_> = read.collect::<Result<_, _>>().map_err(|why| unreadable(&why))?;
    if found.is_empty() { Err(unreadable(&"there is no certificate in it")) } else { Ok(found) }
}

/// Takes a certificate in whose name ever, if it leads to one of the roots. Where none are looked at it takes any: what is
/// said is then hidden from those who listen, not from those who pose as the server.
#[derive(Debug)]
struct AnyName {
    by_roots: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let Some(by_roots) = &self.by_roots else { return Ok(ServerCertVerified::assertion()) };
        match by_roots.verify_server_cert(certificate, between, name, ocsp, now) {
            // The name is looked at last.
            Err(TlsError::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            checked => checked,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let known = &self.provider.signature_verification_algorithms;
        crypto::verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let known = &self.provider.signature_verification_algorithms;
        crypto::verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl MakeTlsConnect<Socket> for Connector {
    type Stream = Secured;
    type TlsConnect = ToHost;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> io::Result<ToHost> {
        // A socket of this host has none, and needs no TLS.
        Ok(ToHost { config: Arc::clone(&self.0), name: ServerName::try_from(host.to_owned()).ok() })
    }
}

/// TLS of one connection, about to be agreed upon.
pub(super) struct ToHost {
    config: Arc<ClientConfig>,
    name: Option<ServerName<'static>>,
}

impl TlsConnect<Socket> for ToHost {
    type Stream = Secured;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Secured>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        let connector = tokio_rustls::TlsConnector::from(self.config);
        Box::pin(async move {
            let no_name = || io::Error::new(io::ErrorKind::InvalidInput, "the host has no name for TLS");
            let stream = connector.connect(self.name.ok_or_else(no_name)?, socket).await?;
            Ok(Secured(Box::new(stream)))
        })
    }
}

/// A connection with TLS.
pub(super) struct Secured(Box<tokio_rustls::client::TlsStream<Socket>>);

impl TlsStream for Secured {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Secured {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, into)
    }
}

impl AsyncWrite for Secured {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
